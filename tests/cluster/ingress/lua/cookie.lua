-- Debian ships this module under another name.
return require("nginx.cookie")
