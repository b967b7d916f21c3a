// Players for TestRestartSeen: each as it comes, and what is on its screen. A picture carries a code in blocks of 10
// pixels, black or white, from left to right: four bits for the packager's run and twelve for the frame.
import { recover } from "./recover.mjs";

const players = {};

const script = (src) => new Promise((done, failed) => {
  const tag = document.createElement("script");
  Object.assign(tag, { src, onload: done, onerror: () => failed(new Error(src)) });
  document.head.append(tag);
});

// start begins to play a playlist in a video element; dies is told what no player recovers from by itself.
const start = {
  recovering: (video, playlist, dies) => start.hlsjs(video, playlist, dies, recover),
  async hlsjs(video, playlist, dies, recover) {
    const { default: Hls } = await import("./hlsjs/hls.min.mjs");
    const hls = new Hls();
    if (recover) recover(Hls, hls, video, playlist);
    hls.on(Hls.Events.ERROR, (_, e) => { if (e.fatal) dies(e.details); });
    hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
    hls.loadSource(playlist);
    hls.attachMedia(video);
  },
  async shaka(video, playlist, dies) {
    if (!window.shaka) await script("npm/shaka-player/dist/shaka-player.compiled.js");
    window.shaka.polyfill.installAll();
    const player = new window.shaka.Player();
    player.addEventListener("error", ({ detail }) => { if (detail.severity === 2) dies(detail.code); });
    await player.attach(video);
    await player.load(playlist);
    await video.play();
  },
  async videojs(video, playlist, dies) {
    window.HELP_IMPROVE_VIDEOJS = false;
    if (!window.videojs) await script("npm/video.js/dist/video.min.js");
    window.videojs.log.level("error");
    const html5 = { vhs: { overrideNative: true }, nativeAudioTracks: false, nativeVideoTracks: false };
    const player = window.videojs(video, { autoplay: "muted", controls: false, html5 });
    player.on("error", () => dies(player.error() && player.error().message));
    player.src({ src: playlist, type: "application/x-mpegURL" });
  },
  async chromium(video, playlist) {
    video.src = playlist;
    await video.play();
  },
};

// watch starts a player of that kind under a name and notes each new picture.
window.watch = (name, kind, playlist) => {
  const video = document.createElement("video");
  Object.assign(video, { muted: true, playsInline: true, width: 160, height: 96 });
  const place = document.createElement("div");
  place.append(video);
  document.body.append(place);
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 160, height: 96 });
  const paper = canvas.getContext("2d", { willReadFrequently: true });
  const p = players[name] = { glimpses: [], end: "", why: "" };
  const stop = (end, why) => { p.end = p.end || end; p.why = String(why || p.why); };
  let last = -1;
  setInterval(() => {
    const screen = place.querySelector("video"); // video.js may put another in its place
    if (!screen || screen.readyState < 2) return;
    if (screen.ended) stop("ended");
    paper.drawImage(screen, 0, 0, 160, 96);
    const line = paper.getImageData(0, 32, 160, 1).data;
    let code = 0;
    for (let bit = 0; bit < 16; bit++) code = 2 * code + (line[4 * (10 * bit + 5)] > 128 ? 1 : 0);
    if (code === last) return;
    last = code;
    p.glimpses.push({ At: Date.now(), Code: code });
  }, 80);
  video.addEventListener("error", () => stop("dead", video.error && video.error.message));
  start[kind](video, playlist, (why) => stop("dead", why)).catch((e) => stop("dead", e.code || e.message));
};

// seen returns what a player showed until now.
window.seen = (name) => players[name];
