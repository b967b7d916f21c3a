"use strict";

// Errors of the player, for whoever looks from outside.
window.hlsErrors = [];

const playlist = "live/live.m3u8";
const pollEvery = 500; // ms
const $ = (id) => document.getElementById(id);
const video = $("video");
let player = null;

// The player: started once the bucket has a playlist, started again when it gave up.

function play() {
  if (player) player.destroy();
  if (!Hls.isSupported()) {
    video.src = playlist; // Safari on iOS plays HLS by itself
    video.play().catch(() => {});
    return;
  }
  player = new Hls({
    liveSyncDurationCount: 2,
    liveMaxLatencyDurationCount: 8,
    maxLiveSyncPlaybackRate: 1.05,
    backBufferLength: 20,
    enableWorker: false,
  });
  player.on(Hls.Events.ERROR, (_, e) => {
    window.hlsErrors.push({ type: e.type, details: e.details, fatal: e.fatal });
    if (!e.fatal) return;
    if (e.type === Hls.ErrorTypes.MEDIA_ERROR) player.recoverMediaError();
    else setTimeout(play, 1000);
  });
  player.on(Hls.Events.MANIFEST_PARSED, () => video.play().catch(() => {}));
  player.loadSource(playlist);
  player.attachMedia(video);
}

video.addEventListener("playing", () => {
  $("waiting").classList.add("gone");
  $("live").hidden = false;
});

// The packager dies, and starts over at 0. The player is to go on.

$("kill").addEventListener("click", async () => {
  $("kill").disabled = true;
  await fetch("kill", { method: "POST" }).catch(() => {});
  setTimeout(() => { $("kill").disabled = false; }, 3000);
});

// The figures.

const ms = (v) => (v < 10 ? v.toFixed(1) : v < 10000 ? v.toFixed(0) : (v / 1000).toFixed(0) + " s").replace(/^[\d.]+$/, "$& ms");
const bytes = (v) => (v < 1 << 20 ? (v / 1024).toFixed(0) + " KiB" : v < 1 << 30 ? (v / (1 << 20)).toFixed(1) + " MiB" : (v / (1 << 30)).toFixed(2) + " GiB");
const set = (id, text) => { if ($(id).textContent !== text) $(id).textContent = text; };
let segments = 0;
let shown = "";
let changed = 0;

function show(f) {
  const known = f.chart.length > 0;
  for (const name of ["last", "median", "p99", "worst"]) set(name, known ? ms(f[name]) : "–");
  set("segments", f.segments.toLocaleString("en"));
  set("playlists", f.playlists.toLocaleString("en"));
  set("held", String(f.held));
  $("held").className = f.held > 2 ? "warn" : "";
  set("store", f.store ? "up" : f.uptime < 3 ? "…" : "down");
  $("store").className = f.store ? "good" : f.uptime < 3 ? "" : "bad";
  set("source", f.source === "clip" ? "clip" : f.source || "packager");
  set("flow-segments", "1 s segments");
  set("flow-latency", known ? "in " + ms(f.median) : "–");
  set("flow-bytes", bytes(f.bytes));
  $("note").hidden = !f.note;
  set("note", f.note ? f.note + "." : "");
  $("status").hidden = !f.status;
  if (f.status) $("status").href = f.status;
  if (f.segments !== segments) {
    segments = f.segments;
    $("flow").classList.remove("run");
    void $("flow").offsetWidth; // lets the animation begin anew
    $("flow").classList.add("run");
  }
  if (f.playlist !== shown) {
    showPlaylist(f.playlist);
    changed = performance.now();
  }
  set("age", shown ? ((performance.now() - changed) / 1000).toFixed(0) + " s old" : "");
  draw(f.chart, f.median);
  if (f.playlist && !player && !video.src) play();
}

function showPlaylist(text) {
  const old = new Set(shown.split("\n"));
  const lines = text.trimEnd().split("\n").map((line) => {
    const span = document.createElement("span");
    span.className = line.includes("DISCONTINUITY") && !line.includes("SEQUENCE") ? "cut" : line.startsWith("#") ? "tag" : old.has(line) || !shown ? "" : "new";
    span.textContent = line + "\n";
    return span;
  });
  $("playlist").replaceChildren(...lines);
  $("playlist").scrollTop = $("playlist").scrollHeight;
  shown = text;
}

function behind() {
  const at = player && player.latency;
  set("flow-behind", at > 0 && !video.paused ? at.toFixed(1) + " s behind" : "–");
}

// The chart: a bar for each segment on a logarithmic scale, and a line at the median.

function draw(samples, median) {
  const canvas = $("chart");
  const scale = window.devicePixelRatio || 1;
  const w = canvas.clientWidth;
  const h = canvas.clientHeight;
  if (canvas.width !== Math.round(w * scale) || canvas.height !== Math.round(h * scale)) {
    canvas.width = Math.round(w * scale);
    canvas.height = Math.round(h * scale);
  }
  const c = canvas.getContext("2d");
  c.setTransform(scale, 0, 0, scale, 0, 0);
  c.clearRect(0, 0, w, h);
  c.font = "10px system-ui, sans-serif";
  c.lineWidth = 1;
  const foot = h - 1;
  const left = 46;
  const decades = Math.max(2, Math.ceil(Math.log10(Math.max(...samples, 1))));
  const y = (v) => foot - (Math.log10(Math.max(v, 1)) / decades) * (h - 8);
  c.strokeStyle = "#223049";
  c.fillStyle = "#8a98b0";
  c.textBaseline = "middle";
  c.textAlign = "right";
  for (let i = 0; i <= decades; i++) {
    const at = Math.round(y(10 ** i)) - 0.5;
    c.beginPath();
    c.moveTo(left, at);
    c.lineTo(w, at);
    c.stroke();
    c.fillText(i < 3 ? 10 ** i + " ms" : 10 ** (i - 3) + " s", left - 8, i ? at : at - 4);
  }
  const bars = c.createLinearGradient(0, 0, 0, h);
  bars.addColorStop(0, "#38bdf8");
  bars.addColorStop(1, "#14b8a6");
  c.fillStyle = bars;
  const step = (w - left) / 90;
  samples.forEach((v, i) => {
    c.globalAlpha = i === samples.length - 1 ? 1 : 0.7;
    c.beginPath();
    c.roundRect(w - (samples.length - i) * step, y(v) - 1, Math.max(1.5, step - 1.5), foot - y(v) + 1, [2, 2, 0, 0]);
    c.fill();
  });
  c.globalAlpha = 1;
  if (samples.length > 4) {
    c.strokeStyle = "#e8edf6";
    c.setLineDash([3, 4]);
    c.beginPath();
    c.moveTo(w - samples.length * step, y(median));
    c.lineTo(w, y(median));
    c.stroke();
    c.setLineDash([]);
  }
}

async function poll() {
  try {
    const answer = await fetch("figures.json", { cache: "no-store" });
    show(await answer.json());
    document.body.classList.remove("off");
  } catch {
    set("store", "stopped");
    $("store").className = "bad";
    $("live").hidden = true;
  }
  behind();
  setTimeout(poll, pollEvery);
}

poll();
