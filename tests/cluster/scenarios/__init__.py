"""The scenarios, in the order in which they begin: the longest first."""

# pylint: disable=unused-import
from scenarios import weights  # noqa: F401
from scenarios import istio  # noqa: F401
from scenarios import gateway  # noqa: F401
from scenarios import failing  # noqa: F401
from scenarios import lifecycle  # noqa: F401
from scenarios import bookinfo  # noqa: F401
from scenarios import gates  # noqa: F401
from scenarios import lives  # noqa: F401
from scenarios import promotion  # noqa: F401
from scenarios import matching  # noqa: F401
from scenarios import ingress  # noqa: F401
from scenarios import admission  # noqa: F401
from scenarios import bluegreen  # noqa: F401
from scenarios import config  # noqa: F401
from scenarios import autoscaler  # noqa: F401
from scenarios import daemon  # noqa: F401
from scenarios import revision  # noqa: F401
from scenarios import teardown  # noqa: F401
from scenarios import deadline  # noqa: F401
from scenarios import templates  # noqa: F401
from scenarios import refusal  # noqa: F401
from scenarios import answers  # noqa: F401
from scenarios import idle  # noqa: F401
from scenarios import rights  # noqa: F401
from scenarios import people  # noqa: F401
from scenarios import adopt  # noqa: F401
from scenarios import reading  # noqa: F401
from scenarios import restart  # noqa: F401
from scenarios import installed  # noqa: F401
from scenarios import splits  # noqa: F401
