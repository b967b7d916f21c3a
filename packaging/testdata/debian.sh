#!/bin/bash
# What TestDebian does inside the Debian that it boots. The first command that fails ends it.
set -eEuo pipefail
trap 'echo "FAILED in line $LINENO: $BASH_COMMAND"; systemctl status hlsship --no-pager -l; journalctl -u hlsship --no-pager | tail -n 40' ERR
export AWS_ACCESS_KEY_ID=testaccess AWS_SECRET_ACCESS_KEY=testsecret DEBIAN_FRONTEND=noninteractive
bucket=/srv/store/bucket

step() { echo "== $*"; }
# until COMMAND: waits for at most half a minute until it succeeds.
until_() { for _ in $(seq 150); do if "$@" > /dev/null 2>&1; then return; fi; sleep 0.2; done; echo "waited in vain for: $*"; false; }
show() { systemctl show --value -p "$1" hlsship; }
figure() { exec 3<> /dev/tcp/127.0.0.1/9810; printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3; awk -v want="$1" 'index($0, want) == 1 {sum += $NF} END {print sum + 0}' <&3; exec 3>&-; }
more() { [ "$(figure "$1")" -gt "$2" ]; }
# segment N [UMASK]: the packager's user writes one and lists it.
segment() {
	runuser -u packager -- bash -c "umask ${2:-002}; mkdir -p $dir/live; cd $dir/live; head -c 20000 /dev/urandom > s$1.ts
		printf '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:$1\n#EXTINF:2,\ns$1.ts\n' > x.m3u8.tmp; mv x.m3u8.tmp x.m3u8"
}
stored() { cmp -s "$dir/live/s$1.ts" "$bucket/news/live/s$1.ts" && cmp -s "$dir/live/x.m3u8" "$bucket/news/live/x.m3u8"; }

step a store
mkdir -p $bucket
systemd-run --quiet --unit=store -E ROOT_ACCESS_KEY=$AWS_ACCESS_KEY_ID -E ROOT_SECRET_KEY=$AWS_SECRET_ACCESS_KEY \
	/test/versitygw --port 127.0.0.1:7070 posix --sidecar /srv/sidecar /srv/store 2> /dev/null || true
mkdir -p /srv/sidecar; systemctl restart store 2> /dev/null || true
until_ bash -c ': < /dev/tcp/127.0.0.1/7070'

step install
dpkg -i /test/old.deb
[ "$(systemctl is-enabled hlsship || true)" = disabled ]
[ "$(stat -c '%U:%G %a' /etc/hlsship/credentials)" = "root:root 600" ]
[ "$(stat -c '%U:%G %a' /var/lib/hlsship)" = "hlsship:hlsship 3775" ]
man -w hlsship
man -w hlsship.yml
for name in README.md docs/operations.md examples/alerts.yml examples/alertmanager.yml examples/dashboard.json; do
	[ -s "/usr/share/doc/hlsship/$name" ]
done
hlsship version

step nothing starts before somebody said where to
! systemctl start hlsship
[ "$(show ExecMainStatus)" = 2 ]
journalctl -u hlsship -p err --no-pager | grep "destination is missing" > /dev/null

sleep 2 # the times of systemctl are whole seconds

step edit and enable
dir=/var/lib/hlsship
useradd --system --groups hlsship packager
sed -i "s|^# dir: .*|dir: $dir|; s|^# destination: .*|destination: s3://bucket/news|; s|^# endpoint: .*|endpoint: http://127.0.0.1:7070|" /etc/hlsship/hlsship.yml
printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY > /etc/hlsship/credentials
cp /etc/hlsship/hlsship.yml /test/hlsship.yml
segment 1 # at rest when hlsship starts: of another user, so that only CAP_LEASE tells that nobody writes

step check as the service does, by the line that the settings name
check=$(sed -n 's/^# *\(systemd-run .*\)$/\1/p' /etc/hlsship/hlsship.yml)
[ -n "$check" ]
(unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; ! hlsship check --json --config /etc/hlsship/hlsship.yml > /test/found) # as root it finds no keys
grep -qF "$check" /test/found # and names the line
(unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; eval "$check") > /test/check; cat /test/check; grep -q '^no errors' /test/check; ! grep -q spool-shared /test/check

systemctl enable --now hlsship
[ "$(show ActiveState) $(show SubState) $(show User)" = "active running hlsship" ]
[ "$(figure 'hlsship_scans_total{reason="start"}')" = 1 ] || figure 'hlsship_scans_total' # ready means scanned
until_ stored 1
more 'hlsship_files_settled_total{evidence="lease"' 0
[ "$(figure 'hlsship_files_settled_total{evidence="quiet"')" = 0 ]
until_ eval '[[ $(show StatusText) == running* ]]'
show StatusText

step the group way: what the packager lets its group write is linked, what it does not is held open
before=$(figure 'hlsship_spool_pinned_total{way="link"')
segment 2
until_ stored 2
runuser -u packager -- bash -c "umask 002; echo bytes > $dir/live/unnamed.ts" # what is stored within a second is not linked
until_ more 'hlsship_spool_pinned_total{way="link"' "$before"
before=$(figure 'hlsship_spool_pinned_total{way="held"')
segment 3 022
until_ stored 3
runuser -u packager -- bash -c "umask 022; echo bytes > $dir/live/unnamed2.ts"
until_ more 'hlsship_spool_pinned_total{way="held"' "$before"
[[ $(stat -c '%U %a' $dir/.hlsship) == hlsship\ *700 ]]

step without CAP_LEASE files met at rest must be quiet
mkdir -p /etc/systemd/system/hlsship.service.d
printf '[Service]\nAmbientCapabilities=\n' > /etc/systemd/system/hlsship.service.d/test.conf
systemctl daemon-reload; systemctl stop hlsship; segment 4; systemctl start hlsship
until_ stored 4
more 'hlsship_files_settled_total{evidence="quiet"' 0
[ "$(figure 'hlsship_files_settled_total{evidence="lease"')" = 0 ]
rm -r /etc/systemd/system/hlsship.service.d; systemctl daemon-reload; systemctl restart hlsship

step the unit
systemd-analyze security --no-pager hlsship | tail -n 1
systemctl reload hlsship
until_ eval '[ "$(show ActiveState)" = active ]'
[ "$(journalctl -q -u hlsship -p err --no-pager --since "$(show ActiveEnterTimestamp)" | wc -l)" = 0 ]
hlsship healthcheck

step upgrade
pid=$(show MainPID)
dpkg -i /test/new.deb
hlsship version | grep 'hlsship 1.0.0 ' > /dev/null
cmp /etc/hlsship/hlsship.yml /test/hlsship.yml
until_ eval '[ "$(show ActiveState)" = active ] && [ "$(show MainPID)" != "$pid" ]'
systemctl is-enabled hlsship
segment 5
until_ stored 5

step a second stream by the template
sed "s|s3://bucket/news|s3://bucket/sport|; s|^dir: .*|dir: /srv/sport|; s|^# http_listen: .*|http_listen: 127.0.0.1:9811|" /etc/hlsship/hlsship.yml > /etc/hlsship/sport.yml
systemctl enable --now hlsship@sport # ready, though its directory is not there yet
mkdir /srv/sport; printf '#EXTM3U\n#EXT-X-TARGETDURATION:2\n' > /srv/sport/x.m3u8
until_ test -e $bucket/sport/x.m3u8

step a process that hangs is restarted
mkdir -p /run/systemd/system/hlsship.service.d
printf '[Service]\nWatchdogSec=3s\n' > /run/systemd/system/hlsship.service.d/test.conf
systemctl daemon-reload; systemctl restart hlsship; sleep 5
[ "$(show NRestarts)" = 0 ]
kill -STOP "$(show MainPID)"
until_ eval '[ "$(show NRestarts)" = 1 ] && [ "$(show ActiveState)" = active ]'
segment 6
until_ stored 6

step remove and purge
rm -r $dir/live
dpkg -r hlsship
[ "$(systemctl is-active hlsship || true)" = inactive ]
[ -e /etc/hlsship/hlsship.yml ]
rm /etc/hlsship/sport.yml
dpkg -P hlsship
left=$(find / -xdev \( -path /proc -o -path /test -o -path /srv -o -path /var/log \) -prune -o -iname '*hlsship*' -print)
[ -z "$left" ] || { echo "left behind: $left"; false; }
! dpkg -l hlsship > /dev/null 2>&1

trap - ERR
echo "all is well"
