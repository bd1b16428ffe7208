# syntax=docker/dockerfile:1
# FreeSWITCH from its vendor's packages, mod_audio_stream from the package in docker/vendor/.
# The token for the vendor's repository is a build secret and stays out of the image:
#   docker build -f docker/freeswitch.Dockerfile \
#     --secret id=signalwire_token,src=docker/signalwire-token -t switchtalk-freeswitch .
FROM debian:bookworm-slim

ARG REPOSITORY=freeswitch.signalwire.com/repo/deb/debian-release
RUN groupadd --gid 10001 switchtalk \
 && useradd --uid 10001 --gid switchtalk --home-dir /srv/freeswitch --create-home switchtalk

RUN --mount=type=secret,id=signalwire_token,required=true <<'INSTALL'
set -eu
token=$(cat /run/secrets/signalwire_token)
apt-get update -qq
apt-get install -y -qq --no-install-recommends ca-certificates wget
printf 'machine freeswitch.signalwire.com login signalwire password %s\n' "$token" >/etc/apt/auth.conf
chmod 600 /etc/apt/auth.conf
wget -q --http-user=signalwire --http-password="$token" \
  -O /usr/share/keyrings/freeswitch.gpg "https://$REPOSITORY/signalwire-freeswitch-repo.gpg"
echo "deb [signed-by=/usr/share/keyrings/freeswitch.gpg] https://$REPOSITORY/ bookworm main" \
  >/etc/apt/sources.list.d/freeswitch.list
apt-get update -qq
# the modules of freeswitch_conf/autoload_configs/modules.conf.xml
apt-get install -y -qq --no-install-recommends freeswitch \
  freeswitch-mod-console freeswitch-mod-logfile freeswitch-mod-event-socket freeswitch-mod-commands \
  freeswitch-mod-dptools freeswitch-mod-dialplan-xml freeswitch-mod-sndfile freeswitch-mod-tone-stream \
  freeswitch-mod-opus freeswitch-mod-sofia freeswitch-mod-rtc freeswitch-mod-verto
rm -rf /etc/apt/auth.conf /etc/apt/sources.list.d/freeswitch.list /var/lib/apt/lists/*
INSTALL

COPY docker/vendor/*.deb /tmp/vendor/
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends /tmp/vendor/*.deb \
 && test -e /usr/lib/freeswitch/mod/mod_audio_stream.so \
 && rm -rf /tmp/vendor /var/lib/apt/lists/*

COPY freeswitch_conf /etc/switchtalk/freeswitch_conf
COPY dialplans/*.xml /etc/switchtalk/dialplans/

# the log directory gets the expanded configuration, secrets included: nobody else's business
RUN install -d -o switchtalk -g switchtalk -m 0700 /srv/freeswitch \
 && cd /srv/freeswitch \
 && install -d -o switchtalk -g switchtalk -m 0700 log db run certs storage cache temp \
 && install -d -o switchtalk -g switchtalk -m 0750 /srv/switchtalk/var/spool /srv/switchtalk/var/recordings
USER switchtalk
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD fs_cli -H 127.0.0.1 -P "${FS_ESL_PORT:-8021}" -p "$ESL_PASSWORD" -x status | grep -q ^UP
CMD ["freeswitch", "-nf", "-nc", "-nonat", "-conf", "/etc/switchtalk/freeswitch_conf", \
     "-log", "/srv/freeswitch/log", "-db", "/srv/freeswitch/db", "-run", "/srv/freeswitch/run", \
     "-certs", "/srv/freeswitch/certs", "-storage", "/srv/freeswitch/storage", \
     "-cache", "/srv/freeswitch/cache", "-temp", "/srv/freeswitch/temp", \
     "-recordings", "/srv/switchtalk/var/recordings"]
