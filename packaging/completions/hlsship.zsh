#compdef hlsship
# Written by "make docs".
if (( CURRENT == 2 )); then
	_values command 'run[ship a directory to a bucket]' 'check[say what would fail, why, and what to do]' 'verify[compare what is published with the directory]' 'recover[close recordings from what the bucket holds]' 'clip[make a playlist of a part of a recording]' 'spool[list what waits in a spool]' 'demo[a live stream, an embedded S3 and a player, on loopback]' 'status[say how a running hlsship does]' 'healthcheck[ask a running hlsship whether it lives]' 'version[print the version]'
	return
fi
case $words[2] in
run)
	_arguments \
		'*--endpoint[URL of the store, unless it is Amazon S3; used as it is, including a path]:value: ' \
		'*--region[region of the bucket; by default the one in an endpoint of Amazon'\''s, else us-east-1]:value: ' \
		'*--addressing[where requests name the bucket\: in the path, or in the host (virtual); "auto" is virtual for the large clouds and path for all others]:value:(auto path virtual)' \
		'*--path-style[deprecated\: the same as --addressing path]' \
		'*--conditional[publish playlists with conditional PUTs where the store knows them]:value:(auto off)' \
		'*--checksum[checksum by which the store verifies an upload; auto is crc32c, which costs less, where the store was seen to verify it, else md5]:value:(auto md5 crc32c none)' \
		'*--signed-payload[have the signature of an upload cover its bytes, for policies that deny UNSIGNED-PAYLOAD]' \
		'*--cache-control[Cache-Control header for a kind of file; KIND is one of ended, growing, init, key, manifest, multivariant, other, playlist, segment, subtitle]:value: ' \
		'*--header[header to send with every object, or with those of a kind, such as x-amz-acl=public-read or key\:x-amz-storage-class=STANDARD]:value: ' \
		'*--ca-file[authorities, in PEM, that are trusted instead of the system'\''s; reread when it changes, like the next two]:path:_files' \
		'*--client-cert-file[certificate, in PEM, that is shown to a store that asks for one; with --client-key-file]:path:_files' \
		'*--client-key-file[key, in PEM, of that certificate]:path:_files' \
		'*--access-key-file[file that holds nothing but the access key; with --secret-key-file]:path:_files' \
		'*--secret-key-file[file that holds nothing but the secret key]:path:_files' \
		'*--credentials-file[shared credentials file, used instead of all other sources; it may contain everything that ~/.aws/config may]:path:_files' \
		'*--profile[profile of the shared files of the AWS tools; its region and endpoint_url count too]:value: ' \
		'*--role-arn[role to assume with the keys that were found, such as one of a partner'\''s account]:value: ' \
		'*--external-id[external ID that the role'\''s trust policy asks for; with --role-arn]:value: ' \
		'*--name[channel name, used in the log, in {name} and as the metric label "channel"; without it there is no label and {name} is the last part of DIR]:value: ' \
		'*--public-url[URL at which players find the files of DIR, such as https\://cdn.example.net/live/, with the destination'\''s placeholders; what playlists name below it are files of DIR; without it these are the paths that begin with the destination'\''s prefix]:value: ' \
		'*--settle[how long a file must be quiet to count as finished where the kernel cannot tell]:value: ' \
		'*--rescan[time between scans of the directory, which find what no event reported]:value: ' \
		'*--include[ship matching files even if no playlist names them]:value: ' \
		'*--exclude[never look at matching files]:value: ' \
		'*--playlists[publish each playlist byte for byte, or as one that goes on for ever\: numbers never fall when the packager restarts, and media stand in a folder for each of its runs]:value:(exact continuous)' \
		'*--give-up-after[how long a continuous playlist waits for a segment that is not there before it goes on without it; "auto" is two target durations]:value: ' \
		'*--holes[leave such a segment out of a continuous playlist, or mark it with EXT-X-GAP, which few players but Apple'\''s survive]:value:(skip gap)' \
		'*--end-delay[how long EXT-X-ENDLIST, after which no player goes on, waits for the packager to come back; 0s publishes it at once]:value: ' \
		'*--record[keep each run of the packager as a recording\: its folder gets playlists that play it from first to last once it is over; needs --playlists continuous]' \
		'*--record-end[how long a packager is silent until its recording is closed; should it go on, the recording becomes longer]:value: ' \
		'*--spool-dir[where finished files are kept until they are stored, absolute or below the watched directory; on another file system those that wait for more than a second are copied; "off" holds open files only, which a kill loses]:path:_files' \
		'*--spool-budget[size of what may wait for the store; beyond it the oldest files wait in the directory alone, and are lost if they are deleted there; "auto" is half of what is free where the spool lies, at most 20GiB]:value: ' \
		'*--spool-age[how long a file may wait for the store before it waits in the directory alone, and is lost if it is deleted there; 0 for ever]:value: ' \
		'*--workers[requests of all kinds to the store at once, at least 3]:value: ' \
		'*--uplink-limit[bandwidth that uploads may take, in megabits a second, such as 20Mbit/s; playlists and the live edge go before backlog]:value: ' \
		'*--hedge[send an upload a second time if the store is unusually slow to answer, where that is harmless; at most 3 of 100]:value:(auto off)' \
		'*--min-interval[minimum interval between two versions of one playlist; some stores allow one write a second]:value: ' \
		'*--max-lag[lag beyond which a slow uplink skips to the live edge and ships the rest afterwards; "auto" is four target durations of the playlist, at least 6s]:value: ' \
		'*--hold-warn[how long a playlist may wait for a file, or streams may be behind, before the log says so]:value: ' \
		'*--drain-timeout[time to ship the rest after the first SIGTERM or SIGINT]:value: ' \
		'*--http-listen[address of /metrics, /healthz, /readyz and the status page; "off" for none]:value: ' \
		'*--web-config[web configuration file of Prometheus'\'' exporters, for TLS and passwords on that address; a change takes effect at once]:path:_files' \
		'*--memory-budget[memory that playlists of all channels may take; beyond it the largest wait; "auto" is 25 % of GOMEMLIMIT, else 19 % of the limit of the control group, else 192MiB]:value: ' \
		'*--log-level[minimum log level]:value:(debug info warn error)' \
		'*--log-format[how the log is written to standard error]:value:(text json)' \
		'*--log-files[log a line for each file that is stored and each playlist that is published; --log-files=false spares them and keeps all else]' \
		'*--config[configuration file in YAML]:path:_files' \
		'3:directory:_files -/' '4:destination: ' ;;
check)
	_arguments \
		'*--endpoint[URL of the store, unless it is Amazon S3; used as it is, including a path]:value: ' \
		'*--region[region of the bucket; by default the one in an endpoint of Amazon'\''s, else us-east-1]:value: ' \
		'*--addressing[where requests name the bucket\: in the path, or in the host (virtual); "auto" is virtual for the large clouds and path for all others]:value:(auto path virtual)' \
		'*--path-style[deprecated\: the same as --addressing path]' \
		'*--conditional[publish playlists with conditional PUTs where the store knows them]:value:(auto off)' \
		'*--checksum[checksum by which the store verifies an upload; auto is crc32c, which costs less, where the store was seen to verify it, else md5]:value:(auto md5 crc32c none)' \
		'*--signed-payload[have the signature of an upload cover its bytes, for policies that deny UNSIGNED-PAYLOAD]' \
		'*--cache-control[Cache-Control header for a kind of file; KIND is one of ended, growing, init, key, manifest, multivariant, other, playlist, segment, subtitle]:value: ' \
		'*--header[header to send with every object, or with those of a kind, such as x-amz-acl=public-read or key\:x-amz-storage-class=STANDARD]:value: ' \
		'*--ca-file[authorities, in PEM, that are trusted instead of the system'\''s; reread when it changes, like the next two]:path:_files' \
		'*--client-cert-file[certificate, in PEM, that is shown to a store that asks for one; with --client-key-file]:path:_files' \
		'*--client-key-file[key, in PEM, of that certificate]:path:_files' \
		'*--access-key-file[file that holds nothing but the access key; with --secret-key-file]:path:_files' \
		'*--secret-key-file[file that holds nothing but the secret key]:path:_files' \
		'*--credentials-file[shared credentials file, used instead of all other sources; it may contain everything that ~/.aws/config may]:path:_files' \
		'*--profile[profile of the shared files of the AWS tools; its region and endpoint_url count too]:value: ' \
		'*--role-arn[role to assume with the keys that were found, such as one of a partner'\''s account]:value: ' \
		'*--external-id[external ID that the role'\''s trust policy asks for; with --role-arn]:value: ' \
		'*--name[channel name, used in the log, in {name} and as the metric label "channel"; without it there is no label and {name} is the last part of DIR]:value: ' \
		'*--public-url[URL at which players find the files of DIR, such as https\://cdn.example.net/live/, with the destination'\''s placeholders; what playlists name below it are files of DIR; without it these are the paths that begin with the destination'\''s prefix]:value: ' \
		'*--settle[how long a file must be quiet to count as finished where the kernel cannot tell]:value: ' \
		'*--rescan[time between scans of the directory, which find what no event reported]:value: ' \
		'*--include[ship matching files even if no playlist names them]:value: ' \
		'*--exclude[never look at matching files]:value: ' \
		'*--playlists[publish each playlist byte for byte, or as one that goes on for ever\: numbers never fall when the packager restarts, and media stand in a folder for each of its runs]:value:(exact continuous)' \
		'*--give-up-after[how long a continuous playlist waits for a segment that is not there before it goes on without it; "auto" is two target durations]:value: ' \
		'*--holes[leave such a segment out of a continuous playlist, or mark it with EXT-X-GAP, which few players but Apple'\''s survive]:value:(skip gap)' \
		'*--end-delay[how long EXT-X-ENDLIST, after which no player goes on, waits for the packager to come back; 0s publishes it at once]:value: ' \
		'*--record[keep each run of the packager as a recording\: its folder gets playlists that play it from first to last once it is over; needs --playlists continuous]' \
		'*--record-end[how long a packager is silent until its recording is closed; should it go on, the recording becomes longer]:value: ' \
		'*--spool-dir[where finished files are kept until they are stored, absolute or below the watched directory; on another file system those that wait for more than a second are copied; "off" holds open files only, which a kill loses]:path:_files' \
		'*--spool-budget[size of what may wait for the store; beyond it the oldest files wait in the directory alone, and are lost if they are deleted there; "auto" is half of what is free where the spool lies, at most 20GiB]:value: ' \
		'*--spool-age[how long a file may wait for the store before it waits in the directory alone, and is lost if it is deleted there; 0 for ever]:value: ' \
		'*--workers[requests of all kinds to the store at once, at least 3]:value: ' \
		'*--uplink-limit[bandwidth that uploads may take, in megabits a second, such as 20Mbit/s; playlists and the live edge go before backlog]:value: ' \
		'*--hedge[send an upload a second time if the store is unusually slow to answer, where that is harmless; at most 3 of 100]:value:(auto off)' \
		'*--min-interval[minimum interval between two versions of one playlist; some stores allow one write a second]:value: ' \
		'*--max-lag[lag beyond which a slow uplink skips to the live edge and ships the rest afterwards; "auto" is four target durations of the playlist, at least 6s]:value: ' \
		'*--hold-warn[how long a playlist may wait for a file, or streams may be behind, before the log says so]:value: ' \
		'*--drain-timeout[time to ship the rest after the first SIGTERM or SIGINT]:value: ' \
		'*--http-listen[address of /metrics, /healthz, /readyz and the status page; "off" for none]:value: ' \
		'*--web-config[web configuration file of Prometheus'\'' exporters, for TLS and passwords on that address; a change takes effect at once]:path:_files' \
		'*--memory-budget[memory that playlists of all channels may take; beyond it the largest wait; "auto" is 25 % of GOMEMLIMIT, else 19 % of the limit of the control group, else 192MiB]:value: ' \
		'*--log-level[minimum log level]:value:(debug info warn error)' \
		'*--log-format[how the log is written to standard error]:value:(text json)' \
		'*--log-files[log a line for each file that is stored and each playlist that is published; --log-files=false spares them and keeps all else]' \
		'*--config[configuration file in YAML]:path:_files' \
		'*--json[print one JSON document instead of a table]' \
		'*--config-only[look at the settings alone, and at neither the directory nor the store]' \
		'*--warnings-as-errors[exit with 1 if there are warnings, too]' \
		'3:directory:_files -/' '4:destination: ' ;;
verify)
	_arguments \
		'*--endpoint[URL of the store, unless it is Amazon S3; used as it is, including a path]:value: ' \
		'*--region[region of the bucket; by default the one in an endpoint of Amazon'\''s, else us-east-1]:value: ' \
		'*--addressing[where requests name the bucket\: in the path, or in the host (virtual); "auto" is virtual for the large clouds and path for all others]:value:(auto path virtual)' \
		'*--path-style[deprecated\: the same as --addressing path]' \
		'*--conditional[publish playlists with conditional PUTs where the store knows them]:value:(auto off)' \
		'*--checksum[checksum by which the store verifies an upload; auto is crc32c, which costs less, where the store was seen to verify it, else md5]:value:(auto md5 crc32c none)' \
		'*--signed-payload[have the signature of an upload cover its bytes, for policies that deny UNSIGNED-PAYLOAD]' \
		'*--cache-control[Cache-Control header for a kind of file; KIND is one of ended, growing, init, key, manifest, multivariant, other, playlist, segment, subtitle]:value: ' \
		'*--header[header to send with every object, or with those of a kind, such as x-amz-acl=public-read or key\:x-amz-storage-class=STANDARD]:value: ' \
		'*--ca-file[authorities, in PEM, that are trusted instead of the system'\''s; reread when it changes, like the next two]:path:_files' \
		'*--client-cert-file[certificate, in PEM, that is shown to a store that asks for one; with --client-key-file]:path:_files' \
		'*--client-key-file[key, in PEM, of that certificate]:path:_files' \
		'*--access-key-file[file that holds nothing but the access key; with --secret-key-file]:path:_files' \
		'*--secret-key-file[file that holds nothing but the secret key]:path:_files' \
		'*--credentials-file[shared credentials file, used instead of all other sources; it may contain everything that ~/.aws/config may]:path:_files' \
		'*--profile[profile of the shared files of the AWS tools; its region and endpoint_url count too]:value: ' \
		'*--role-arn[role to assume with the keys that were found, such as one of a partner'\''s account]:value: ' \
		'*--external-id[external ID that the role'\''s trust policy asks for; with --role-arn]:value: ' \
		'*--name[channel name, used in the log, in {name} and as the metric label "channel"; without it there is no label and {name} is the last part of DIR]:value: ' \
		'*--public-url[URL at which players find the files of DIR, such as https\://cdn.example.net/live/, with the destination'\''s placeholders; what playlists name below it are files of DIR; without it these are the paths that begin with the destination'\''s prefix]:value: ' \
		'*--settle[how long a file must be quiet to count as finished where the kernel cannot tell]:value: ' \
		'*--rescan[time between scans of the directory, which find what no event reported]:value: ' \
		'*--include[ship matching files even if no playlist names them]:value: ' \
		'*--exclude[never look at matching files]:value: ' \
		'*--playlists[publish each playlist byte for byte, or as one that goes on for ever\: numbers never fall when the packager restarts, and media stand in a folder for each of its runs]:value:(exact continuous)' \
		'*--give-up-after[how long a continuous playlist waits for a segment that is not there before it goes on without it; "auto" is two target durations]:value: ' \
		'*--holes[leave such a segment out of a continuous playlist, or mark it with EXT-X-GAP, which few players but Apple'\''s survive]:value:(skip gap)' \
		'*--end-delay[how long EXT-X-ENDLIST, after which no player goes on, waits for the packager to come back; 0s publishes it at once]:value: ' \
		'*--record[keep each run of the packager as a recording\: its folder gets playlists that play it from first to last once it is over; needs --playlists continuous]' \
		'*--record-end[how long a packager is silent until its recording is closed; should it go on, the recording becomes longer]:value: ' \
		'*--spool-dir[where finished files are kept until they are stored, absolute or below the watched directory; on another file system those that wait for more than a second are copied; "off" holds open files only, which a kill loses]:path:_files' \
		'*--spool-budget[size of what may wait for the store; beyond it the oldest files wait in the directory alone, and are lost if they are deleted there; "auto" is half of what is free where the spool lies, at most 20GiB]:value: ' \
		'*--spool-age[how long a file may wait for the store before it waits in the directory alone, and is lost if it is deleted there; 0 for ever]:value: ' \
		'*--workers[requests of all kinds to the store at once, at least 3]:value: ' \
		'*--uplink-limit[bandwidth that uploads may take, in megabits a second, such as 20Mbit/s; playlists and the live edge go before backlog]:value: ' \
		'*--hedge[send an upload a second time if the store is unusually slow to answer, where that is harmless; at most 3 of 100]:value:(auto off)' \
		'*--min-interval[minimum interval between two versions of one playlist; some stores allow one write a second]:value: ' \
		'*--max-lag[lag beyond which a slow uplink skips to the live edge and ships the rest afterwards; "auto" is four target durations of the playlist, at least 6s]:value: ' \
		'*--hold-warn[how long a playlist may wait for a file, or streams may be behind, before the log says so]:value: ' \
		'*--drain-timeout[time to ship the rest after the first SIGTERM or SIGINT]:value: ' \
		'*--http-listen[address of /metrics, /healthz, /readyz and the status page; "off" for none]:value: ' \
		'*--web-config[web configuration file of Prometheus'\'' exporters, for TLS and passwords on that address; a change takes effect at once]:path:_files' \
		'*--memory-budget[memory that playlists of all channels may take; beyond it the largest wait; "auto" is 25 % of GOMEMLIMIT, else 19 % of the limit of the control group, else 192MiB]:value: ' \
		'*--log-level[minimum log level]:value:(debug info warn error)' \
		'*--log-format[how the log is written to standard error]:value:(text json)' \
		'*--log-files[log a line for each file that is stored and each playlist that is published; --log-files=false spares them and keeps all else]' \
		'*--config[configuration file in YAML]:path:_files' \
		'*--json[print one JSON document instead of text]' \
		'*--heads[of how many files the store is asked for the headers, one by one]:value: ' \
		'3:directory:_files -/' '4:destination: ' ;;
recover)
	_arguments \
		'*--endpoint[URL of the store, unless it is Amazon S3; used as it is, including a path]:value: ' \
		'*--region[region of the bucket; by default the one in an endpoint of Amazon'\''s, else us-east-1]:value: ' \
		'*--addressing[where requests name the bucket\: in the path, or in the host (virtual); "auto" is virtual for the large clouds and path for all others]:value:(auto path virtual)' \
		'*--path-style[deprecated\: the same as --addressing path]' \
		'*--conditional[publish playlists with conditional PUTs where the store knows them]:value:(auto off)' \
		'*--checksum[checksum by which the store verifies an upload; auto is crc32c, which costs less, where the store was seen to verify it, else md5]:value:(auto md5 crc32c none)' \
		'*--signed-payload[have the signature of an upload cover its bytes, for policies that deny UNSIGNED-PAYLOAD]' \
		'*--cache-control[Cache-Control header for a kind of file; KIND is one of ended, growing, init, key, manifest, multivariant, other, playlist, segment, subtitle]:value: ' \
		'*--header[header to send with every object, or with those of a kind, such as x-amz-acl=public-read or key\:x-amz-storage-class=STANDARD]:value: ' \
		'*--ca-file[authorities, in PEM, that are trusted instead of the system'\''s; reread when it changes, like the next two]:path:_files' \
		'*--client-cert-file[certificate, in PEM, that is shown to a store that asks for one; with --client-key-file]:path:_files' \
		'*--client-key-file[key, in PEM, of that certificate]:path:_files' \
		'*--access-key-file[file that holds nothing but the access key; with --secret-key-file]:path:_files' \
		'*--secret-key-file[file that holds nothing but the secret key]:path:_files' \
		'*--credentials-file[shared credentials file, used instead of all other sources; it may contain everything that ~/.aws/config may]:path:_files' \
		'*--profile[profile of the shared files of the AWS tools; its region and endpoint_url count too]:value: ' \
		'*--role-arn[role to assume with the keys that were found, such as one of a partner'\''s account]:value: ' \
		'*--external-id[external ID that the role'\''s trust policy asks for; with --role-arn]:value: ' \
		'*--name[channel name, used in the log, in {name} and as the metric label "channel"; without it there is no label and {name} is the last part of DIR]:value: ' \
		'*--public-url[URL at which players find the files of DIR, such as https\://cdn.example.net/live/, with the destination'\''s placeholders; what playlists name below it are files of DIR; without it these are the paths that begin with the destination'\''s prefix]:value: ' \
		'*--settle[how long a file must be quiet to count as finished where the kernel cannot tell]:value: ' \
		'*--rescan[time between scans of the directory, which find what no event reported]:value: ' \
		'*--include[ship matching files even if no playlist names them]:value: ' \
		'*--exclude[never look at matching files]:value: ' \
		'*--playlists[publish each playlist byte for byte, or as one that goes on for ever\: numbers never fall when the packager restarts, and media stand in a folder for each of its runs]:value:(exact continuous)' \
		'*--give-up-after[how long a continuous playlist waits for a segment that is not there before it goes on without it; "auto" is two target durations]:value: ' \
		'*--holes[leave such a segment out of a continuous playlist, or mark it with EXT-X-GAP, which few players but Apple'\''s survive]:value:(skip gap)' \
		'*--end-delay[how long EXT-X-ENDLIST, after which no player goes on, waits for the packager to come back; 0s publishes it at once]:value: ' \
		'*--record[keep each run of the packager as a recording\: its folder gets playlists that play it from first to last once it is over; needs --playlists continuous]' \
		'*--record-end[how long a packager is silent until its recording is closed; should it go on, the recording becomes longer]:value: ' \
		'*--spool-dir[where finished files are kept until they are stored, absolute or below the watched directory; on another file system those that wait for more than a second are copied; "off" holds open files only, which a kill loses]:path:_files' \
		'*--spool-budget[size of what may wait for the store; beyond it the oldest files wait in the directory alone, and are lost if they are deleted there; "auto" is half of what is free where the spool lies, at most 20GiB]:value: ' \
		'*--spool-age[how long a file may wait for the store before it waits in the directory alone, and is lost if it is deleted there; 0 for ever]:value: ' \
		'*--workers[requests of all kinds to the store at once, at least 3]:value: ' \
		'*--uplink-limit[bandwidth that uploads may take, in megabits a second, such as 20Mbit/s; playlists and the live edge go before backlog]:value: ' \
		'*--hedge[send an upload a second time if the store is unusually slow to answer, where that is harmless; at most 3 of 100]:value:(auto off)' \
		'*--min-interval[minimum interval between two versions of one playlist; some stores allow one write a second]:value: ' \
		'*--max-lag[lag beyond which a slow uplink skips to the live edge and ships the rest afterwards; "auto" is four target durations of the playlist, at least 6s]:value: ' \
		'*--hold-warn[how long a playlist may wait for a file, or streams may be behind, before the log says so]:value: ' \
		'*--drain-timeout[time to ship the rest after the first SIGTERM or SIGINT]:value: ' \
		'*--http-listen[address of /metrics, /healthz, /readyz and the status page; "off" for none]:value: ' \
		'*--web-config[web configuration file of Prometheus'\'' exporters, for TLS and passwords on that address; a change takes effect at once]:path:_files' \
		'*--memory-budget[memory that playlists of all channels may take; beyond it the largest wait; "auto" is 25 % of GOMEMLIMIT, else 19 % of the limit of the control group, else 192MiB]:value: ' \
		'*--log-level[minimum log level]:value:(debug info warn error)' \
		'*--log-format[how the log is written to standard error]:value:(text json)' \
		'*--log-files[log a line for each file that is stored and each playlist that is published; --log-files=false spares them and keeps all else]' \
		'*--config[configuration file in YAML]:path:_files' \
		'*--json[print one JSON document instead of text]' \
		'*--dry-run[store nothing, and say what would be stored]' ;;
clip)
	_arguments \
		'*--endpoint[URL of the store, unless it is Amazon S3; used as it is, including a path]:value: ' \
		'*--region[region of the bucket; by default the one in an endpoint of Amazon'\''s, else us-east-1]:value: ' \
		'*--addressing[where requests name the bucket\: in the path, or in the host (virtual); "auto" is virtual for the large clouds and path for all others]:value:(auto path virtual)' \
		'*--path-style[deprecated\: the same as --addressing path]' \
		'*--conditional[publish playlists with conditional PUTs where the store knows them]:value:(auto off)' \
		'*--checksum[checksum by which the store verifies an upload; auto is crc32c, which costs less, where the store was seen to verify it, else md5]:value:(auto md5 crc32c none)' \
		'*--signed-payload[have the signature of an upload cover its bytes, for policies that deny UNSIGNED-PAYLOAD]' \
		'*--cache-control[Cache-Control header for a kind of file; KIND is one of ended, growing, init, key, manifest, multivariant, other, playlist, segment, subtitle]:value: ' \
		'*--header[header to send with every object, or with those of a kind, such as x-amz-acl=public-read or key\:x-amz-storage-class=STANDARD]:value: ' \
		'*--ca-file[authorities, in PEM, that are trusted instead of the system'\''s; reread when it changes, like the next two]:path:_files' \
		'*--client-cert-file[certificate, in PEM, that is shown to a store that asks for one; with --client-key-file]:path:_files' \
		'*--client-key-file[key, in PEM, of that certificate]:path:_files' \
		'*--access-key-file[file that holds nothing but the access key; with --secret-key-file]:path:_files' \
		'*--secret-key-file[file that holds nothing but the secret key]:path:_files' \
		'*--credentials-file[shared credentials file, used instead of all other sources; it may contain everything that ~/.aws/config may]:path:_files' \
		'*--profile[profile of the shared files of the AWS tools; its region and endpoint_url count too]:value: ' \
		'*--role-arn[role to assume with the keys that were found, such as one of a partner'\''s account]:value: ' \
		'*--external-id[external ID that the role'\''s trust policy asks for; with --role-arn]:value: ' \
		'*--public-url[URL at which players find the files of DIR, such as https\://cdn.example.net/live/, with the destination'\''s placeholders; what playlists name below it are files of DIR; without it these are the paths that begin with the destination'\''s prefix]:value: ' \
		'*--settle[how long a file must be quiet to count as finished where the kernel cannot tell]:value: ' \
		'*--rescan[time between scans of the directory, which find what no event reported]:value: ' \
		'*--include[ship matching files even if no playlist names them]:value: ' \
		'*--exclude[never look at matching files]:value: ' \
		'*--playlists[publish each playlist byte for byte, or as one that goes on for ever\: numbers never fall when the packager restarts, and media stand in a folder for each of its runs]:value:(exact continuous)' \
		'*--give-up-after[how long a continuous playlist waits for a segment that is not there before it goes on without it; "auto" is two target durations]:value: ' \
		'*--holes[leave such a segment out of a continuous playlist, or mark it with EXT-X-GAP, which few players but Apple'\''s survive]:value:(skip gap)' \
		'*--end-delay[how long EXT-X-ENDLIST, after which no player goes on, waits for the packager to come back; 0s publishes it at once]:value: ' \
		'*--record[keep each run of the packager as a recording\: its folder gets playlists that play it from first to last once it is over; needs --playlists continuous]' \
		'*--record-end[how long a packager is silent until its recording is closed; should it go on, the recording becomes longer]:value: ' \
		'*--spool-dir[where finished files are kept until they are stored, absolute or below the watched directory; on another file system those that wait for more than a second are copied; "off" holds open files only, which a kill loses]:path:_files' \
		'*--spool-budget[size of what may wait for the store; beyond it the oldest files wait in the directory alone, and are lost if they are deleted there; "auto" is half of what is free where the spool lies, at most 20GiB]:value: ' \
		'*--spool-age[how long a file may wait for the store before it waits in the directory alone, and is lost if it is deleted there; 0 for ever]:value: ' \
		'*--workers[requests of all kinds to the store at once, at least 3]:value: ' \
		'*--uplink-limit[bandwidth that uploads may take, in megabits a second, such as 20Mbit/s; playlists and the live edge go before backlog]:value: ' \
		'*--hedge[send an upload a second time if the store is unusually slow to answer, where that is harmless; at most 3 of 100]:value:(auto off)' \
		'*--min-interval[minimum interval between two versions of one playlist; some stores allow one write a second]:value: ' \
		'*--max-lag[lag beyond which a slow uplink skips to the live edge and ships the rest afterwards; "auto" is four target durations of the playlist, at least 6s]:value: ' \
		'*--hold-warn[how long a playlist may wait for a file, or streams may be behind, before the log says so]:value: ' \
		'*--drain-timeout[time to ship the rest after the first SIGTERM or SIGINT]:value: ' \
		'*--http-listen[address of /metrics, /healthz, /readyz and the status page; "off" for none]:value: ' \
		'*--web-config[web configuration file of Prometheus'\'' exporters, for TLS and passwords on that address; a change takes effect at once]:path:_files' \
		'*--memory-budget[memory that playlists of all channels may take; beyond it the largest wait; "auto" is 25 % of GOMEMLIMIT, else 19 % of the limit of the control group, else 192MiB]:value: ' \
		'*--log-level[minimum log level]:value:(debug info warn error)' \
		'*--log-format[how the log is written to standard error]:value:(text json)' \
		'*--log-files[log a line for each file that is stored and each playlist that is published; --log-files=false spares them and keeps all else]' \
		'*--config[configuration file in YAML]:path:_files' \
		'*--json[print one JSON document instead of text]' \
		'*--from[the first moment]:value: ' \
		'*--to[the moment behind the last one]:value: ' \
		'*--name[what the names of the clip'\''s playlists begin with]:value: ' ;;
spool)
	_arguments \
		'*--spool-dir[where finished files are kept until they are stored, absolute or below the watched directory; on another file system those that wait for more than a second are copied; "off" holds open files only, which a kill loses]:path:_files' \
		'*--config[configuration file in YAML]:path:_files' \
		'*--json[print one JSON document instead of text]' \
		'2:command:(ls)' \
		'3:directory:_files -/' '4:destination: ' ;;
demo)
	_arguments \
		'*--listen[]:value: ' \
		'*--no-ffmpeg[]' \
		'*--log-level[]:value:(debug info warn error)' ;;
status)
	_arguments \
		'*--http-listen[address of /metrics, /healthz, /readyz and the status page; "off" for none]:value: ' \
		'*--config[configuration file in YAML]:path:_files' \
		'*--http[]:value: ' \
		'*--json[]' \
		'*--watch[]' ;;
healthcheck)
	_arguments \
		'*--http-listen[address of /metrics, /healthz, /readyz and the status page; "off" for none]:value: ' \
		'*--config[configuration file in YAML]:path:_files' ;;
version)
	_arguments ;;
esac
