package plan

// Cure says what to do about the wait.
func (w Wait) Cure() string {
	switch w.Reason {
	case "memory":
		return "playlists take all the memory that they may: raise --memory-budget, or the container's memory, or have the packager list less"
	case "missing":
		return "the playlist names a file that is neither finished in the directory nor in the bucket; see whether the log says that it is not shipped, --exclude keeps it out, or the packager does not write it, and have it write the playlist without that name"
	case "empty":
		return "the file is empty: without a byte in it no player can begin; see the packager's own log, and have it write the file again"
	case "stale":
		return "the file is there, and may be of the packager's run before: its new bytes are waited for, for three target durations at most; see whether the packager writes it"
	case "growing":
		return "the playlist names bytes that the file does not have yet, while its packager has it open; see whether it still writes"
	case "outside":
		return "no file of the directory can have this name; have the packager write names relative to the playlist, or run hlsship on the folder above"
	case "long":
		return "the name makes a key of more than 1024 bytes; have the packager write shorter names, or shorten the prefix of the destination"
	case "variable":
		return "the playlist uses an EXT-X-DEFINE variable that it does not define; have the packager write the value"
	case "unpinned":
		return "the file exceeds what may wait for the store, and is shipped when there is room; have the packager keep it until then, and raise --spool-budget or --spool-age"
	case "lost":
		return "the file was lost or refused, see the error logged for it; the playlist follows when it names the file no more"
	case "rejected":
		return "the store refuses this file or playlist, see the error logged for it; it is tried again once a minute"
	case "overwrite":
		return "the name came back with new bytes while the published playlist needs the old ones; it is replaced together with the next playlist"
	case "unlisted":
		return "the file has new bytes, and the playlist was not written since: have the packager write it once more to have them stored"
	case "unpublished":
		return "the playlist names another one that is not published yet: see what that waits for, and whether they name each other"
	}
	return "the file is being uploaded; see the store's errors and hlsship_attempts_total"
}
