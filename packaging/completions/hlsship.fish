# Completion of hlsship(1) for fish; written by "make docs".
complete -c hlsship -f
complete -c hlsship -n __fish_use_subcommand -a run -d 'ship a directory to a bucket'
complete -c hlsship -n '__fish_seen_subcommand_from run' -l endpoint -d 'URL of the store, unless it is Amazon S3; used as it is, including a path' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l region -d 'region of the bucket; by default the one in an endpoint of Amazon\'s, else us-east-1' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l addressing -d 'where requests name the bucket: in the path, or in the host (virtual); "auto" is virtual for the large clouds and path for all others' -x -a 'auto path virtual'
complete -c hlsship -n '__fish_seen_subcommand_from run' -l path-style -d 'deprecated: the same as --addressing path'
complete -c hlsship -n '__fish_seen_subcommand_from run' -l conditional -d 'publish playlists with conditional PUTs where the store knows them' -x -a 'auto off'
complete -c hlsship -n '__fish_seen_subcommand_from run' -l checksum -d 'checksum by which the store verifies an upload; auto is crc32c, which costs less, where the store was seen to verify it, else md5' -x -a 'auto md5 crc32c none'
complete -c hlsship -n '__fish_seen_subcommand_from run' -l signed-payload -d 'have the signature of an upload cover its bytes, for policies that deny UNSIGNED-PAYLOAD'
complete -c hlsship -n '__fish_seen_subcommand_from run' -l cache-control -d 'Cache-Control header for a kind of file; KIND is one of ended, growing, init, key, manifest, multivariant, other, playlist, segment, subtitle' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l header -d 'header to send with every object, or with those of a kind, such as x-amz-acl=public-read or key:x-amz-storage-class=STANDARD' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l ca-file -d 'authorities, in PEM, that are trusted instead of the system\'s; reread when it changes, like the next two' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from run' -l client-cert-file -d 'certificate, in PEM, that is shown to a store that asks for one; with --client-key-file' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from run' -l client-key-file -d 'key, in PEM, of that certificate' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from run' -l access-key-file -d 'file that holds nothing but the access key; with --secret-key-file' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from run' -l secret-key-file -d 'file that holds nothing but the secret key' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from run' -l credentials-file -d 'shared credentials file, used instead of all other sources; it may contain everything that ~/.aws/config may' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from run' -l profile -d 'profile of the shared files of the AWS tools; its region and endpoint_url count too' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l role-arn -d 'role to assume with the keys that were found, such as one of a partner\'s account' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l external-id -d 'external ID that the role\'s trust policy asks for; with --role-arn' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l name -d 'channel name, used in the log, in {name} and as the metric label "channel"; without it there is no label and {name} is the last part of DIR' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l public-url -d 'URL at which players find the files of DIR, such as https://cdn.example.net/live/, with the destination\'s placeholders; what playlists name below it are files of DIR; without it these are the paths that begin with the destination\'s prefix' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l settle -d 'how long a file must be quiet to count as finished where the kernel cannot tell' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l rescan -d 'time between scans of the directory, which find what no event reported' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l include -d 'ship matching files even if no playlist names them' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l exclude -d 'never look at matching files' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l playlists -d 'publish each playlist byte for byte, or as one that goes on for ever: numbers never fall when the packager restarts, and media stand in a folder for each of its runs' -x -a 'exact continuous'
complete -c hlsship -n '__fish_seen_subcommand_from run' -l give-up-after -d 'how long a continuous playlist waits for a segment that is not there before it goes on without it; "auto" is two target durations' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l holes -d 'leave such a segment out of a continuous playlist, or mark it with EXT-X-GAP, which few players but Apple\'s survive' -x -a 'skip gap'
complete -c hlsship -n '__fish_seen_subcommand_from run' -l end-delay -d 'how long EXT-X-ENDLIST, after which no player goes on, waits for the packager to come back; 0s publishes it at once' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l record -d 'keep each run of the packager as a recording: its folder gets playlists that play it from first to last once it is over; needs --playlists continuous'
complete -c hlsship -n '__fish_seen_subcommand_from run' -l record-end -d 'how long a packager is silent until its recording is closed; should it go on, the recording becomes longer' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l spool-dir -d 'where finished files are kept until they are stored, absolute or below the watched directory; on another file system those that wait for more than a second are copied; "off" holds open files only, which a kill loses' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from run' -l spool-budget -d 'size of what may wait for the store; beyond it the oldest files wait in the directory alone, and are lost if they are deleted there; "auto" is half of what is free where the spool lies, at most 20GiB' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l spool-age -d 'how long a file may wait for the store before it waits in the directory alone, and is lost if it is deleted there; 0 for ever' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l workers -d 'requests of all kinds to the store at once, at least 3' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l uplink-limit -d 'bandwidth that uploads may take, in megabits a second, such as 20Mbit/s; playlists and the live edge go before backlog' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l hedge -d 'send an upload a second time if the store is unusually slow to answer, where that is harmless; at most 3 of 100' -x -a 'auto off'
complete -c hlsship -n '__fish_seen_subcommand_from run' -l min-interval -d 'minimum interval between two versions of one playlist; some stores allow one write a second' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l max-lag -d 'lag beyond which a slow uplink skips to the live edge and ships the rest afterwards; "auto" is four target durations of the playlist, at least 6s' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l hold-warn -d 'how long a playlist may wait for a file, or streams may be behind, before the log says so' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l drain-timeout -d 'time to ship the rest after the first SIGTERM or SIGINT' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l http-listen -d 'address of /metrics, /healthz, /readyz and the status page; "off" for none' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l web-config -d 'web configuration file of Prometheus\' exporters, for TLS and passwords on that address; a change takes effect at once' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from run' -l memory-budget -d 'memory that playlists of all channels may take; beyond it the largest wait; "auto" is 25 % of GOMEMLIMIT, else 19 % of the limit of the control group, else 192MiB' -x
complete -c hlsship -n '__fish_seen_subcommand_from run' -l log-level -d 'minimum log level' -x -a 'debug info warn error'
complete -c hlsship -n '__fish_seen_subcommand_from run' -l log-format -d 'how the log is written to standard error' -x -a 'text json'
complete -c hlsship -n '__fish_seen_subcommand_from run' -l log-files -d 'log a line for each file that is stored and each playlist that is published; --log-files=false spares them and keeps all else'
complete -c hlsship -n '__fish_seen_subcommand_from run' -l config -d 'configuration file in YAML' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from run' -a '(__fish_complete_directories)'
complete -c hlsship -n __fish_use_subcommand -a check -d 'say what would fail, why, and what to do'
complete -c hlsship -n '__fish_seen_subcommand_from check' -l endpoint -d 'URL of the store, unless it is Amazon S3; used as it is, including a path' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l region -d 'region of the bucket; by default the one in an endpoint of Amazon\'s, else us-east-1' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l addressing -d 'where requests name the bucket: in the path, or in the host (virtual); "auto" is virtual for the large clouds and path for all others' -x -a 'auto path virtual'
complete -c hlsship -n '__fish_seen_subcommand_from check' -l path-style -d 'deprecated: the same as --addressing path'
complete -c hlsship -n '__fish_seen_subcommand_from check' -l conditional -d 'publish playlists with conditional PUTs where the store knows them' -x -a 'auto off'
complete -c hlsship -n '__fish_seen_subcommand_from check' -l checksum -d 'checksum by which the store verifies an upload; auto is crc32c, which costs less, where the store was seen to verify it, else md5' -x -a 'auto md5 crc32c none'
complete -c hlsship -n '__fish_seen_subcommand_from check' -l signed-payload -d 'have the signature of an upload cover its bytes, for policies that deny UNSIGNED-PAYLOAD'
complete -c hlsship -n '__fish_seen_subcommand_from check' -l cache-control -d 'Cache-Control header for a kind of file; KIND is one of ended, growing, init, key, manifest, multivariant, other, playlist, segment, subtitle' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l header -d 'header to send with every object, or with those of a kind, such as x-amz-acl=public-read or key:x-amz-storage-class=STANDARD' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l ca-file -d 'authorities, in PEM, that are trusted instead of the system\'s; reread when it changes, like the next two' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from check' -l client-cert-file -d 'certificate, in PEM, that is shown to a store that asks for one; with --client-key-file' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from check' -l client-key-file -d 'key, in PEM, of that certificate' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from check' -l access-key-file -d 'file that holds nothing but the access key; with --secret-key-file' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from check' -l secret-key-file -d 'file that holds nothing but the secret key' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from check' -l credentials-file -d 'shared credentials file, used instead of all other sources; it may contain everything that ~/.aws/config may' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from check' -l profile -d 'profile of the shared files of the AWS tools; its region and endpoint_url count too' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l role-arn -d 'role to assume with the keys that were found, such as one of a partner\'s account' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l external-id -d 'external ID that the role\'s trust policy asks for; with --role-arn' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l name -d 'channel name, used in the log, in {name} and as the metric label "channel"; without it there is no label and {name} is the last part of DIR' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l public-url -d 'URL at which players find the files of DIR, such as https://cdn.example.net/live/, with the destination\'s placeholders; what playlists name below it are files of DIR; without it these are the paths that begin with the destination\'s prefix' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l settle -d 'how long a file must be quiet to count as finished where the kernel cannot tell' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l rescan -d 'time between scans of the directory, which find what no event reported' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l include -d 'ship matching files even if no playlist names them' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l exclude -d 'never look at matching files' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l playlists -d 'publish each playlist byte for byte, or as one that goes on for ever: numbers never fall when the packager restarts, and media stand in a folder for each of its runs' -x -a 'exact continuous'
complete -c hlsship -n '__fish_seen_subcommand_from check' -l give-up-after -d 'how long a continuous playlist waits for a segment that is not there before it goes on without it; "auto" is two target durations' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l holes -d 'leave such a segment out of a continuous playlist, or mark it with EXT-X-GAP, which few players but Apple\'s survive' -x -a 'skip gap'
complete -c hlsship -n '__fish_seen_subcommand_from check' -l end-delay -d 'how long EXT-X-ENDLIST, after which no player goes on, waits for the packager to come back; 0s publishes it at once' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l record -d 'keep each run of the packager as a recording: its folder gets playlists that play it from first to last once it is over; needs --playlists continuous'
complete -c hlsship -n '__fish_seen_subcommand_from check' -l record-end -d 'how long a packager is silent until its recording is closed; should it go on, the recording becomes longer' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l spool-dir -d 'where finished files are kept until they are stored, absolute or below the watched directory; on another file system those that wait for more than a second are copied; "off" holds open files only, which a kill loses' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from check' -l spool-budget -d 'size of what may wait for the store; beyond it the oldest files wait in the directory alone, and are lost if they are deleted there; "auto" is half of what is free where the spool lies, at most 20GiB' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l spool-age -d 'how long a file may wait for the store before it waits in the directory alone, and is lost if it is deleted there; 0 for ever' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l workers -d 'requests of all kinds to the store at once, at least 3' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l uplink-limit -d 'bandwidth that uploads may take, in megabits a second, such as 20Mbit/s; playlists and the live edge go before backlog' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l hedge -d 'send an upload a second time if the store is unusually slow to answer, where that is harmless; at most 3 of 100' -x -a 'auto off'
complete -c hlsship -n '__fish_seen_subcommand_from check' -l min-interval -d 'minimum interval between two versions of one playlist; some stores allow one write a second' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l max-lag -d 'lag beyond which a slow uplink skips to the live edge and ships the rest afterwards; "auto" is four target durations of the playlist, at least 6s' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l hold-warn -d 'how long a playlist may wait for a file, or streams may be behind, before the log says so' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l drain-timeout -d 'time to ship the rest after the first SIGTERM or SIGINT' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l http-listen -d 'address of /metrics, /healthz, /readyz and the status page; "off" for none' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l web-config -d 'web configuration file of Prometheus\' exporters, for TLS and passwords on that address; a change takes effect at once' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from check' -l memory-budget -d 'memory that playlists of all channels may take; beyond it the largest wait; "auto" is 25 % of GOMEMLIMIT, else 19 % of the limit of the control group, else 192MiB' -x
complete -c hlsship -n '__fish_seen_subcommand_from check' -l log-level -d 'minimum log level' -x -a 'debug info warn error'
complete -c hlsship -n '__fish_seen_subcommand_from check' -l log-format -d 'how the log is written to standard error' -x -a 'text json'
complete -c hlsship -n '__fish_seen_subcommand_from check' -l log-files -d 'log a line for each file that is stored and each playlist that is published; --log-files=false spares them and keeps all else'
complete -c hlsship -n '__fish_seen_subcommand_from check' -l config -d 'configuration file in YAML' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from check' -l json -d 'print one JSON document instead of a table'
complete -c hlsship -n '__fish_seen_subcommand_from check' -l config-only -d 'look at the settings alone, and at neither the directory nor the store'
complete -c hlsship -n '__fish_seen_subcommand_from check' -l warnings-as-errors -d 'exit with 1 if there are warnings, too'
complete -c hlsship -n '__fish_seen_subcommand_from check' -a '(__fish_complete_directories)'
complete -c hlsship -n __fish_use_subcommand -a verify -d 'compare what is published with the directory'
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l endpoint -d 'URL of the store, unless it is Amazon S3; used as it is, including a path' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l region -d 'region of the bucket; by default the one in an endpoint of Amazon\'s, else us-east-1' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l addressing -d 'where requests name the bucket: in the path, or in the host (virtual); "auto" is virtual for the large clouds and path for all others' -x -a 'auto path virtual'
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l path-style -d 'deprecated: the same as --addressing path'
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l conditional -d 'publish playlists with conditional PUTs where the store knows them' -x -a 'auto off'
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l checksum -d 'checksum by which the store verifies an upload; auto is crc32c, which costs less, where the store was seen to verify it, else md5' -x -a 'auto md5 crc32c none'
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l signed-payload -d 'have the signature of an upload cover its bytes, for policies that deny UNSIGNED-PAYLOAD'
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l cache-control -d 'Cache-Control header for a kind of file; KIND is one of ended, growing, init, key, manifest, multivariant, other, playlist, segment, subtitle' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l header -d 'header to send with every object, or with those of a kind, such as x-amz-acl=public-read or key:x-amz-storage-class=STANDARD' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l ca-file -d 'authorities, in PEM, that are trusted instead of the system\'s; reread when it changes, like the next two' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l client-cert-file -d 'certificate, in PEM, that is shown to a store that asks for one; with --client-key-file' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l client-key-file -d 'key, in PEM, of that certificate' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l access-key-file -d 'file that holds nothing but the access key; with --secret-key-file' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l secret-key-file -d 'file that holds nothing but the secret key' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l credentials-file -d 'shared credentials file, used instead of all other sources; it may contain everything that ~/.aws/config may' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l profile -d 'profile of the shared files of the AWS tools; its region and endpoint_url count too' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l role-arn -d 'role to assume with the keys that were found, such as one of a partner\'s account' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l external-id -d 'external ID that the role\'s trust policy asks for; with --role-arn' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l name -d 'channel name, used in the log, in {name} and as the metric label "channel"; without it there is no label and {name} is the last part of DIR' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l public-url -d 'URL at which players find the files of DIR, such as https://cdn.example.net/live/, with the destination\'s placeholders; what playlists name below it are files of DIR; without it these are the paths that begin with the destination\'s prefix' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l settle -d 'how long a file must be quiet to count as finished where the kernel cannot tell' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l rescan -d 'time between scans of the directory, which find what no event reported' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l include -d 'ship matching files even if no playlist names them' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l exclude -d 'never look at matching files' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l playlists -d 'publish each playlist byte for byte, or as one that goes on for ever: numbers never fall when the packager restarts, and media stand in a folder for each of its runs' -x -a 'exact continuous'
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l give-up-after -d 'how long a continuous playlist waits for a segment that is not there before it goes on without it; "auto" is two target durations' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l holes -d 'leave such a segment out of a continuous playlist, or mark it with EXT-X-GAP, which few players but Apple\'s survive' -x -a 'skip gap'
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l end-delay -d 'how long EXT-X-ENDLIST, after which no player goes on, waits for the packager to come back; 0s publishes it at once' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l record -d 'keep each run of the packager as a recording: its folder gets playlists that play it from first to last once it is over; needs --playlists continuous'
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l record-end -d 'how long a packager is silent until its recording is closed; should it go on, the recording becomes longer' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l spool-dir -d 'where finished files are kept until they are stored, absolute or below the watched directory; on another file system those that wait for more than a second are copied; "off" holds open files only, which a kill loses' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l spool-budget -d 'size of what may wait for the store; beyond it the oldest files wait in the directory alone, and are lost if they are deleted there; "auto" is half of what is free where the spool lies, at most 20GiB' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l spool-age -d 'how long a file may wait for the store before it waits in the directory alone, and is lost if it is deleted there; 0 for ever' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l workers -d 'requests of all kinds to the store at once, at least 3' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l uplink-limit -d 'bandwidth that uploads may take, in megabits a second, such as 20Mbit/s; playlists and the live edge go before backlog' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l hedge -d 'send an upload a second time if the store is unusually slow to answer, where that is harmless; at most 3 of 100' -x -a 'auto off'
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l min-interval -d 'minimum interval between two versions of one playlist; some stores allow one write a second' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l max-lag -d 'lag beyond which a slow uplink skips to the live edge and ships the rest afterwards; "auto" is four target durations of the playlist, at least 6s' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l hold-warn -d 'how long a playlist may wait for a file, or streams may be behind, before the log says so' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l drain-timeout -d 'time to ship the rest after the first SIGTERM or SIGINT' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l http-listen -d 'address of /metrics, /healthz, /readyz and the status page; "off" for none' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l web-config -d 'web configuration file of Prometheus\' exporters, for TLS and passwords on that address; a change takes effect at once' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l memory-budget -d 'memory that playlists of all channels may take; beyond it the largest wait; "auto" is 25 % of GOMEMLIMIT, else 19 % of the limit of the control group, else 192MiB' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l log-level -d 'minimum log level' -x -a 'debug info warn error'
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l log-format -d 'how the log is written to standard error' -x -a 'text json'
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l log-files -d 'log a line for each file that is stored and each playlist that is published; --log-files=false spares them and keeps all else'
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l config -d 'configuration file in YAML' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l json -d 'print one JSON document instead of text'
complete -c hlsship -n '__fish_seen_subcommand_from verify' -l heads -d 'of how many files the store is asked for the headers, one by one' -x
complete -c hlsship -n '__fish_seen_subcommand_from verify' -a '(__fish_complete_directories)'
complete -c hlsship -n __fish_use_subcommand -a recover -d 'close recordings from what the bucket holds'
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l endpoint -d 'URL of the store, unless it is Amazon S3; used as it is, including a path' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l region -d 'region of the bucket; by default the one in an endpoint of Amazon\'s, else us-east-1' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l addressing -d 'where requests name the bucket: in the path, or in the host (virtual); "auto" is virtual for the large clouds and path for all others' -x -a 'auto path virtual'
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l path-style -d 'deprecated: the same as --addressing path'
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l conditional -d 'publish playlists with conditional PUTs where the store knows them' -x -a 'auto off'
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l checksum -d 'checksum by which the store verifies an upload; auto is crc32c, which costs less, where the store was seen to verify it, else md5' -x -a 'auto md5 crc32c none'
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l signed-payload -d 'have the signature of an upload cover its bytes, for policies that deny UNSIGNED-PAYLOAD'
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l cache-control -d 'Cache-Control header for a kind of file; KIND is one of ended, growing, init, key, manifest, multivariant, other, playlist, segment, subtitle' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l header -d 'header to send with every object, or with those of a kind, such as x-amz-acl=public-read or key:x-amz-storage-class=STANDARD' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l ca-file -d 'authorities, in PEM, that are trusted instead of the system\'s; reread when it changes, like the next two' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l client-cert-file -d 'certificate, in PEM, that is shown to a store that asks for one; with --client-key-file' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l client-key-file -d 'key, in PEM, of that certificate' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l access-key-file -d 'file that holds nothing but the access key; with --secret-key-file' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l secret-key-file -d 'file that holds nothing but the secret key' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l credentials-file -d 'shared credentials file, used instead of all other sources; it may contain everything that ~/.aws/config may' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l profile -d 'profile of the shared files of the AWS tools; its region and endpoint_url count too' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l role-arn -d 'role to assume with the keys that were found, such as one of a partner\'s account' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l external-id -d 'external ID that the role\'s trust policy asks for; with --role-arn' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l name -d 'channel name, used in the log, in {name} and as the metric label "channel"; without it there is no label and {name} is the last part of DIR' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l public-url -d 'URL at which players find the files of DIR, such as https://cdn.example.net/live/, with the destination\'s placeholders; what playlists name below it are files of DIR; without it these are the paths that begin with the destination\'s prefix' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l settle -d 'how long a file must be quiet to count as finished where the kernel cannot tell' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l rescan -d 'time between scans of the directory, which find what no event reported' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l include -d 'ship matching files even if no playlist names them' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l exclude -d 'never look at matching files' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l playlists -d 'publish each playlist byte for byte, or as one that goes on for ever: numbers never fall when the packager restarts, and media stand in a folder for each of its runs' -x -a 'exact continuous'
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l give-up-after -d 'how long a continuous playlist waits for a segment that is not there before it goes on without it; "auto" is two target durations' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l holes -d 'leave such a segment out of a continuous playlist, or mark it with EXT-X-GAP, which few players but Apple\'s survive' -x -a 'skip gap'
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l end-delay -d 'how long EXT-X-ENDLIST, after which no player goes on, waits for the packager to come back; 0s publishes it at once' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l record -d 'keep each run of the packager as a recording: its folder gets playlists that play it from first to last once it is over; needs --playlists continuous'
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l record-end -d 'how long a packager is silent until its recording is closed; should it go on, the recording becomes longer' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l spool-dir -d 'where finished files are kept until they are stored, absolute or below the watched directory; on another file system those that wait for more than a second are copied; "off" holds open files only, which a kill loses' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l spool-budget -d 'size of what may wait for the store; beyond it the oldest files wait in the directory alone, and are lost if they are deleted there; "auto" is half of what is free where the spool lies, at most 20GiB' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l spool-age -d 'how long a file may wait for the store before it waits in the directory alone, and is lost if it is deleted there; 0 for ever' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l workers -d 'requests of all kinds to the store at once, at least 3' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l uplink-limit -d 'bandwidth that uploads may take, in megabits a second, such as 20Mbit/s; playlists and the live edge go before backlog' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l hedge -d 'send an upload a second time if the store is unusually slow to answer, where that is harmless; at most 3 of 100' -x -a 'auto off'
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l min-interval -d 'minimum interval between two versions of one playlist; some stores allow one write a second' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l max-lag -d 'lag beyond which a slow uplink skips to the live edge and ships the rest afterwards; "auto" is four target durations of the playlist, at least 6s' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l hold-warn -d 'how long a playlist may wait for a file, or streams may be behind, before the log says so' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l drain-timeout -d 'time to ship the rest after the first SIGTERM or SIGINT' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l http-listen -d 'address of /metrics, /healthz, /readyz and the status page; "off" for none' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l web-config -d 'web configuration file of Prometheus\' exporters, for TLS and passwords on that address; a change takes effect at once' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l memory-budget -d 'memory that playlists of all channels may take; beyond it the largest wait; "auto" is 25 % of GOMEMLIMIT, else 19 % of the limit of the control group, else 192MiB' -x
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l log-level -d 'minimum log level' -x -a 'debug info warn error'
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l log-format -d 'how the log is written to standard error' -x -a 'text json'
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l log-files -d 'log a line for each file that is stored and each playlist that is published; --log-files=false spares them and keeps all else'
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l config -d 'configuration file in YAML' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l json -d 'print one JSON document instead of text'
complete -c hlsship -n '__fish_seen_subcommand_from recover' -l dry-run -d 'store nothing, and say what would be stored'
complete -c hlsship -n __fish_use_subcommand -a clip -d 'make a playlist of a part of a recording'
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l endpoint -d 'URL of the store, unless it is Amazon S3; used as it is, including a path' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l region -d 'region of the bucket; by default the one in an endpoint of Amazon\'s, else us-east-1' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l addressing -d 'where requests name the bucket: in the path, or in the host (virtual); "auto" is virtual for the large clouds and path for all others' -x -a 'auto path virtual'
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l path-style -d 'deprecated: the same as --addressing path'
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l conditional -d 'publish playlists with conditional PUTs where the store knows them' -x -a 'auto off'
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l checksum -d 'checksum by which the store verifies an upload; auto is crc32c, which costs less, where the store was seen to verify it, else md5' -x -a 'auto md5 crc32c none'
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l signed-payload -d 'have the signature of an upload cover its bytes, for policies that deny UNSIGNED-PAYLOAD'
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l cache-control -d 'Cache-Control header for a kind of file; KIND is one of ended, growing, init, key, manifest, multivariant, other, playlist, segment, subtitle' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l header -d 'header to send with every object, or with those of a kind, such as x-amz-acl=public-read or key:x-amz-storage-class=STANDARD' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l ca-file -d 'authorities, in PEM, that are trusted instead of the system\'s; reread when it changes, like the next two' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l client-cert-file -d 'certificate, in PEM, that is shown to a store that asks for one; with --client-key-file' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l client-key-file -d 'key, in PEM, of that certificate' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l access-key-file -d 'file that holds nothing but the access key; with --secret-key-file' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l secret-key-file -d 'file that holds nothing but the secret key' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l credentials-file -d 'shared credentials file, used instead of all other sources; it may contain everything that ~/.aws/config may' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l profile -d 'profile of the shared files of the AWS tools; its region and endpoint_url count too' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l role-arn -d 'role to assume with the keys that were found, such as one of a partner\'s account' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l external-id -d 'external ID that the role\'s trust policy asks for; with --role-arn' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l public-url -d 'URL at which players find the files of DIR, such as https://cdn.example.net/live/, with the destination\'s placeholders; what playlists name below it are files of DIR; without it these are the paths that begin with the destination\'s prefix' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l settle -d 'how long a file must be quiet to count as finished where the kernel cannot tell' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l rescan -d 'time between scans of the directory, which find what no event reported' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l include -d 'ship matching files even if no playlist names them' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l exclude -d 'never look at matching files' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l playlists -d 'publish each playlist byte for byte, or as one that goes on for ever: numbers never fall when the packager restarts, and media stand in a folder for each of its runs' -x -a 'exact continuous'
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l give-up-after -d 'how long a continuous playlist waits for a segment that is not there before it goes on without it; "auto" is two target durations' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l holes -d 'leave such a segment out of a continuous playlist, or mark it with EXT-X-GAP, which few players but Apple\'s survive' -x -a 'skip gap'
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l end-delay -d 'how long EXT-X-ENDLIST, after which no player goes on, waits for the packager to come back; 0s publishes it at once' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l record -d 'keep each run of the packager as a recording: its folder gets playlists that play it from first to last once it is over; needs --playlists continuous'
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l record-end -d 'how long a packager is silent until its recording is closed; should it go on, the recording becomes longer' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l spool-dir -d 'where finished files are kept until they are stored, absolute or below the watched directory; on another file system those that wait for more than a second are copied; "off" holds open files only, which a kill loses' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l spool-budget -d 'size of what may wait for the store; beyond it the oldest files wait in the directory alone, and are lost if they are deleted there; "auto" is half of what is free where the spool lies, at most 20GiB' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l spool-age -d 'how long a file may wait for the store before it waits in the directory alone, and is lost if it is deleted there; 0 for ever' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l workers -d 'requests of all kinds to the store at once, at least 3' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l uplink-limit -d 'bandwidth that uploads may take, in megabits a second, such as 20Mbit/s; playlists and the live edge go before backlog' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l hedge -d 'send an upload a second time if the store is unusually slow to answer, where that is harmless; at most 3 of 100' -x -a 'auto off'
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l min-interval -d 'minimum interval between two versions of one playlist; some stores allow one write a second' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l max-lag -d 'lag beyond which a slow uplink skips to the live edge and ships the rest afterwards; "auto" is four target durations of the playlist, at least 6s' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l hold-warn -d 'how long a playlist may wait for a file, or streams may be behind, before the log says so' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l drain-timeout -d 'time to ship the rest after the first SIGTERM or SIGINT' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l http-listen -d 'address of /metrics, /healthz, /readyz and the status page; "off" for none' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l web-config -d 'web configuration file of Prometheus\' exporters, for TLS and passwords on that address; a change takes effect at once' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l memory-budget -d 'memory that playlists of all channels may take; beyond it the largest wait; "auto" is 25 % of GOMEMLIMIT, else 19 % of the limit of the control group, else 192MiB' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l log-level -d 'minimum log level' -x -a 'debug info warn error'
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l log-format -d 'how the log is written to standard error' -x -a 'text json'
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l log-files -d 'log a line for each file that is stored and each playlist that is published; --log-files=false spares them and keeps all else'
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l config -d 'configuration file in YAML' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l json -d 'print one JSON document instead of text'
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l from -d 'the first moment' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l to -d 'the moment behind the last one' -x
complete -c hlsship -n '__fish_seen_subcommand_from clip' -l name -d 'what the names of the clip\'s playlists begin with' -x
complete -c hlsship -n __fish_use_subcommand -a spool -d 'list what waits in a spool'
complete -c hlsship -n '__fish_seen_subcommand_from spool' -l spool-dir -d 'where finished files are kept until they are stored, absolute or below the watched directory; on another file system those that wait for more than a second are copied; "off" holds open files only, which a kill loses' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from spool' -l config -d 'configuration file in YAML' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from spool' -l json -d 'print one JSON document instead of text'
complete -c hlsship -n '__fish_seen_subcommand_from spool' -a ls -d 'list what waits in a spool'
complete -c hlsship -n '__fish_seen_subcommand_from spool' -a '(__fish_complete_directories)'
complete -c hlsship -n __fish_use_subcommand -a demo -d 'a live stream, an embedded S3 and a player, on loopback'
complete -c hlsship -n '__fish_seen_subcommand_from demo' -l listen -d '' -x
complete -c hlsship -n '__fish_seen_subcommand_from demo' -l no-ffmpeg -d ''
complete -c hlsship -n '__fish_seen_subcommand_from demo' -l log-level -d '' -x -a 'debug info warn error'
complete -c hlsship -n __fish_use_subcommand -a status -d 'say how a running hlsship does'
complete -c hlsship -n '__fish_seen_subcommand_from status' -l http-listen -d 'address of /metrics, /healthz, /readyz and the status page; "off" for none' -x
complete -c hlsship -n '__fish_seen_subcommand_from status' -l config -d 'configuration file in YAML' -r -F
complete -c hlsship -n '__fish_seen_subcommand_from status' -l http -d '' -x
complete -c hlsship -n '__fish_seen_subcommand_from status' -l json -d ''
complete -c hlsship -n '__fish_seen_subcommand_from status' -l watch -d ''
complete -c hlsship -n __fish_use_subcommand -a healthcheck -d 'ask a running hlsship whether it lives'
complete -c hlsship -n '__fish_seen_subcommand_from healthcheck' -l http-listen -d 'address of /metrics, /healthz, /readyz and the status page; "off" for none' -x
complete -c hlsship -n '__fish_seen_subcommand_from healthcheck' -l config -d 'configuration file in YAML' -r -F
complete -c hlsship -n __fish_use_subcommand -a version -d 'print the version'
