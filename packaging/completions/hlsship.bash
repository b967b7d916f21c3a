# Completion of hlsship(1) for bash; written by "make docs".
_hlsship() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} flags=
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W 'run check verify recover clip spool demo status healthcheck version' -- "$current")
		return
	fi
	case $previous in
	--addressing) mapfile -t COMPREPLY < <(compgen -W 'auto path virtual' -- "$current"); return ;;
	--conditional) mapfile -t COMPREPLY < <(compgen -W 'auto off' -- "$current"); return ;;
	--checksum) mapfile -t COMPREPLY < <(compgen -W 'auto md5 crc32c none' -- "$current"); return ;;
	--ca-file) compopt -o default; return ;;
	--client-cert-file) compopt -o default; return ;;
	--client-key-file) compopt -o default; return ;;
	--access-key-file) compopt -o default; return ;;
	--secret-key-file) compopt -o default; return ;;
	--credentials-file) compopt -o default; return ;;
	--playlists) mapfile -t COMPREPLY < <(compgen -W 'exact continuous' -- "$current"); return ;;
	--holes) mapfile -t COMPREPLY < <(compgen -W 'skip gap' -- "$current"); return ;;
	--spool-dir) compopt -o default; return ;;
	--hedge) mapfile -t COMPREPLY < <(compgen -W 'auto off' -- "$current"); return ;;
	--web-config) compopt -o default; return ;;
	--log-level) mapfile -t COMPREPLY < <(compgen -W 'debug info warn error' -- "$current"); return ;;
	--log-format) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$current"); return ;;
	--config) compopt -o default; return ;;
	--endpoint | --region | --cache-control | --header | --profile | --role-arn | --external-id | --name | --public-url | --settle | --rescan | --include | --exclude | --give-up-after | --end-delay | --record-end | --spool-budget | --spool-age | --workers | --uplink-limit | --min-interval | --max-lag | --hold-warn | --drain-timeout | --http-listen | --memory-budget | --heads | --from | --to | --listen | --http) return ;;
	esac
	case ${COMP_WORDS[1]} in
	run) flags='--endpoint --region --addressing --path-style --conditional --checksum --signed-payload --cache-control --header --ca-file --client-cert-file --client-key-file --access-key-file --secret-key-file --credentials-file --profile --role-arn --external-id --name --public-url --settle --rescan --include --exclude --playlists --give-up-after --holes --end-delay --record --record-end --spool-dir --spool-budget --spool-age --workers --uplink-limit --hedge --min-interval --max-lag --hold-warn --drain-timeout --http-listen --web-config --memory-budget --log-level --log-format --log-files --config'; [[ $current == -* ]] || compopt -o dirnames ;;
	check) flags='--endpoint --region --addressing --path-style --conditional --checksum --signed-payload --cache-control --header --ca-file --client-cert-file --client-key-file --access-key-file --secret-key-file --credentials-file --profile --role-arn --external-id --name --public-url --settle --rescan --include --exclude --playlists --give-up-after --holes --end-delay --record --record-end --spool-dir --spool-budget --spool-age --workers --uplink-limit --hedge --min-interval --max-lag --hold-warn --drain-timeout --http-listen --web-config --memory-budget --log-level --log-format --log-files --config --json --config-only --warnings-as-errors'; [[ $current == -* ]] || compopt -o dirnames ;;
	verify) flags='--endpoint --region --addressing --path-style --conditional --checksum --signed-payload --cache-control --header --ca-file --client-cert-file --client-key-file --access-key-file --secret-key-file --credentials-file --profile --role-arn --external-id --name --public-url --settle --rescan --include --exclude --playlists --give-up-after --holes --end-delay --record --record-end --spool-dir --spool-budget --spool-age --workers --uplink-limit --hedge --min-interval --max-lag --hold-warn --drain-timeout --http-listen --web-config --memory-budget --log-level --log-format --log-files --config --json --heads'; [[ $current == -* ]] || compopt -o dirnames ;;
	recover) flags='--endpoint --region --addressing --path-style --conditional --checksum --signed-payload --cache-control --header --ca-file --client-cert-file --client-key-file --access-key-file --secret-key-file --credentials-file --profile --role-arn --external-id --name --public-url --settle --rescan --include --exclude --playlists --give-up-after --holes --end-delay --record --record-end --spool-dir --spool-budget --spool-age --workers --uplink-limit --hedge --min-interval --max-lag --hold-warn --drain-timeout --http-listen --web-config --memory-budget --log-level --log-format --log-files --config --json --dry-run' ;;
	clip) flags='--endpoint --region --addressing --path-style --conditional --checksum --signed-payload --cache-control --header --ca-file --client-cert-file --client-key-file --access-key-file --secret-key-file --credentials-file --profile --role-arn --external-id --public-url --settle --rescan --include --exclude --playlists --give-up-after --holes --end-delay --record --record-end --spool-dir --spool-budget --spool-age --workers --uplink-limit --hedge --min-interval --max-lag --hold-warn --drain-timeout --http-listen --web-config --memory-budget --log-level --log-format --log-files --config --json --from --to --name' ;;
	spool) flags='--spool-dir --config --json'; [ "$COMP_CWORD" -gt 2 ] || { mapfile -t COMPREPLY < <(compgen -W 'ls' -- "$current"); return; }; [[ $current == -* ]] || compopt -o dirnames ;;
	demo) flags='--listen --no-ffmpeg --log-level' ;;
	status) flags='--http-listen --config --http --json --watch' ;;
	healthcheck) flags='--http-listen --config' ;;
	version) flags='' ;;
	esac
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
	fi
}
complete -F _hlsship hlsship
