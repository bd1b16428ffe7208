#!/bin/sh
# Read by vars.xml at every start: says "checked" when FreeSWITCH's secrets are fit for use. Otherwise it
# prints text that is not XML where an attribute stands, so that FreeSWITCH cannot start: without a
# password its event socket would take a well-known one.
refuse() {
  echo "SwitchTalk: $1; see README.md in freeswitch_conf" >&2
  echo "\"><$1"
  exit 0
}

for name in ESL_PASSWORD DEFAULT_PASSWORD VERTO_PASSWORD; do
  eval "value=\${$name-}"
  [ -n "$value" ] || refuse "$name is not set in FreeSWITCH's environment"
  [ "${#value}" -ge 12 ] || refuse "$name has less than 12 characters"
  case $value in
    *[!A-Za-z0-9._~-]*) refuse "$name may hold only letters, digits and . _ ~ -" ;;
  esac
done
echo checked
