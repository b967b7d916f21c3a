// Players for TestPlayers and TestFront: one hls.js for each name, with what it noticed.
import Hls from "./hls.min.mjs";

const players = {};

// play starts a player on a playlist. It shows the first subtitles that there are.
window.play = (name, playlist) => {
  const video = document.createElement("video");
  video.muted = true;
  document.body.append(video);
  const hls = new Hls({ enableWorker: false, liveSyncDurationCount: 2 });
  players[name] = { video, hls, errors: [], keys: 0, loaded: {}, reloads: [] };
  const p = players[name];
  hls.on(Hls.Events.ERROR, (_, e) => p.errors.push({ type: e.type, details: e.details, fatal: e.fatal, reason: String(e.reason || e.error || "") }));
  hls.on(Hls.Events.KEY_LOADED, () => p.keys++);
  hls.on(Hls.Events.FRAG_LOADED, (_, { frag }) => { p.loaded[frag.type] = (p.loaded[frag.type] || 0) + 1; });
  hls.on(Hls.Events.LEVEL_LOADED, (_, { details, stats }) => {
    const { start, end } = stats.loading;
    p.reloads.push({ asked: performance.timeOrigin + start, came: performance.timeOrigin + end, last: details.endSN });
  });
  hls.once(Hls.Events.LEVEL_LOADED, () => {
    hls.subtitleDisplay = true;
    if (hls.subtitleTracks.length > 0) hls.subtitleTrack = 0;
  });
  hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
  hls.loadSource(playlist);
  hls.attachMedia(video);
};

// state tells how far a player is.
window.state = (name) => {
  const { video, hls, errors, keys, loaded } = players[name];
  const cues = [...video.textTracks].reduce((n, track) => n + (track.cues ? track.cues.length : 0), 0);
  return {
    at: video.currentTime, frames: video.getVideoPlaybackQuality().totalVideoFrames, sound: video.webkitAudioDecodedByteCount,
    live: Boolean(hls.latestLevelDetails && hls.latestLevelDetails.live), levels: hls.levels.length, cues, keys, loaded, errors,
  };
};

// played returns the state once the player is that many seconds further than where it began.
const begun = {};
window.played = (name, seconds) => {
  const now = window.state(name);
  if (now.frames > 0 && begun[name] === undefined) begun[name] = now.at;
  return now.at >= begun[name] + seconds && { ...now, played: now.at - begun[name] };
};

// reloads tells which media playlists a player got: when it asked and they came, in milliseconds since 1970, and the
// sequence number of the last segment.
window.reloads = (name) => players[name].reloads;

// restart has played count from now on.
window.restart = (name) => (begun[name] = window.state(name).at);

// seek goes to a place between the beginning (0) and the end (1), and tells where that is.
window.seek = (name, part) => {
  const { video } = players[name];
  video.currentTime = Math.max(0, Math.min(video.duration * part, video.duration - 0.8));
  video.play();
  return video.currentTime;
};

// went returns where a player is once it has played a bit behind a place, or has ended.
window.went = (name, from) => {
  const { video } = players[name];
  return !video.seeking && (video.currentTime >= from + 0.4 || video.ended) && { at: video.currentTime, duration: video.duration, ended: video.ended };
};

// turn has a player show another rendition, and height returns how high the picture is once it does.
window.turn = (name, level) => { players[name].hls.currentLevel = level; };
window.shows = (name, level) => players[name].hls.currentLevel === level && players[name].hls.levels[level].url[0];
