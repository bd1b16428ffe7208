# syntax=docker/dockerfile:1
# The controller with its embedded speech engines. Build from the repository's top:
#   docker build -f docker/controller.Dockerfile -t switchtalk .
FROM python:3.12-slim

# One user and group in both images: each reads the other's audio files.
RUN groupadd --gid 10001 switchtalk \
 && useradd --uid 10001 --gid switchtalk --home-dir /srv/switchtalk --create-home switchtalk
WORKDIR /srv/switchtalk

COPY setup.cfg pyproject.toml README.md LICENSE /usr/src/switchtalk/
COPY controller /usr/src/switchtalk/controller
COPY media /usr/src/switchtalk/media
COPY dialplans /usr/src/switchtalk/dialplans
RUN pip install --no-cache-dir "/usr/src/switchtalk[postgres]" && rm -r /usr/src/switchtalk

# made here so that fresh volumes belong to the user
RUN install -d -o switchtalk -g switchtalk -m 0750 var var/spool var/recordings
USER switchtalk
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s CMD ["python", "-c", \
  "import os, urllib.request as u; u.urlopen('http://127.0.0.1:%s/healthz' % os.environ.get('SWITCHTALK_HTTP__PORT', '8080'), timeout=4)"]
CMD ["switchtalk", "run"]
