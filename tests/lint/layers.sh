#!/bin/sh
# The rings' arrows: agent -> providers -> analysis. Includes are written from the root; the core includes only
# the pure part of the C library, providers add parsers; a library with an owner is included by its owner only.
. "$(dirname "$0")/tree.sh"

pure='assert|ctype|errno|float|inttypes|limits|math|stdalign|stdarg|stdbool|stddef|stdint|stdio|stdlib|string|strings'
parsers='jansson|yaml|pcre2|openssl/evp|openssl/sha|openssl/hmac'

# "FILE:LINE:#include …" of a folder
includes()
{
	c_files "$@" | xargs -r grep -HnE '^[[:space:]]*#[[:space:]]*include\b'
}

includes agent analysis providers tests |
	grep -vE 'include[[:space:]]*(<|"(agent|analysis|providers|tests)/)' |
	offend 'an include is written from the root'
includes agent analysis providers tests | grep -F '/../' | offend 'an include is written from the root'

includes analysis | grep -E '"(agent|providers|tests)/' | offend 'analysis includes an outer ring'
# banned.h is the exception: it includes what declares the functions that it bans.
includes analysis | grep -v '^analysis/base/banned\.h:' | grep -E '<' | grep -vE "<($pure)\\.h>" | offend 'analysis includes more than pure libc'

includes providers | grep -E '"(agent|tests)/' | offend 'providers include an outer ring'
includes providers | grep -E '<' | grep -vE "<($pure|$parsers)\\.h>" |
	offend 'providers include more than pure libc and parsers'

includes agent | grep -E '"tests/' | offend 'agent includes a test'

# owned LIBRARY FILES: inside the rings only these may include it; both are patterns
owned()
{
	includes agent analysis providers | grep -E "<$1" | grep -vE "^($2)\\.[ch]:" | offend "an include that belongs to $2 only"
}
owned 'curl/' 'agent/http_[a-z_]+'
owned 'ev\.h' 'agent/(loop_ev|http_[a-z_]+|server)'
owned 'sqlite3\.h' 'agent/history_[a-z_]+'
owned 'microhttpd\.h' 'agent/(server(_[a-z]+)?|demo/front)'
owned 'pcre2\.h' 'providers/wire/pattern'
owned 'yaml\.h' 'providers/wire/document(_write)?'

verdict
