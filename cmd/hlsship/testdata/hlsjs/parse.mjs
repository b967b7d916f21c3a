// What hls.js says of playlists, for TestParseAgrees. The manifest is read as the player reads it: as a
// media playlist if it looks like one, else as a multivariant playlist.
import { M3U8Parser } from "./hls.min.mjs";

const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
// As XMLHttpRequest decodes a text: UTF-8 without its byte order mark.
const decoded = (base64, options) => new TextDecoder("utf-8", options).decode(bytes(base64));
const resolved = (uri, base) => M3U8Parser.resolve(uri, base);

// add notes one use of a URL. A range that is none is left out.
function add(uses, what, url, range = [], gap = false) {
  if (!url) return;
  const [start, end] = range;
  const ranged = Number.isFinite(start) && Number.isFinite(end);
  uses.push({ what, url, offset: ranged ? start : 0, length: ranged ? end - start : 0, gap });
}

function media(text, base) {
  const d = M3U8Parser.parseLevelPlaylist(text, base, 0, "main", 0, null);
  const uses = [];
  const relative = (what, uri, range) => uri !== undefined && add(uses, what, resolved(uri, base), range);
  const segments = d.fragments.filter((f) => f);
  const all = d.fragmentHint ? [...segments, d.fragmentHint] : segments;
  segments.forEach((f) => add(uses, "segment", f.url, f.byteRange, f.gap));
  for (const f of all) {
    if (f.initSegment) add(uses, "init", f.initSegment.url, f.initSegment.byteRange);
    Object.values(f.levelkeys || {}).forEach((key) => add(uses, "key", key.uri));
  }
  (d.partList || []).forEach((part) => add(uses, "segment", part.url, part.byteRange, part.gap));
  if (d.preloadHint) {
    const start = parseInt(d.preloadHint["BYTERANGE-START"] || 0);
    relative("segment", d.preloadHint.URI, [start, start + parseInt(d.preloadHint["BYTERANGE-LENGTH"])]);
  }
  (d.renditionReports || []).forEach((report) => relative("playlist", report.URI));
  for (const range of Object.values(d.dateRanges)) {
    relative("other", range.attr["X-ASSET-URI"]);
    relative("other", range.attr["X-ASSET-LIST"]);
  }
  return {
    kind: "playlist", error: String(d.playlistParsingError || ""), uses, segments: d.fragments.length,
    first: d.startSN, last: d.startSN + d.fragments.length - 1, ended: !d.live, target: d.targetduration || 0,
  };
}

function multivariant(text, base) {
  const p = M3U8Parser.parseMasterPlaylist(text, base);
  const uses = [];
  const relative = (what, uri) => uri !== undefined && add(uses, what, resolved(uri, base));
  [...p.levels, ...p.iframeVariants].forEach((level) => add(uses, "playlist", level.url));
  Object.values(M3U8Parser.parseMasterPlaylistMedia(text, base, p)).flat().forEach((m) => add(uses, "playlist", m.url));
  (p.sessionKeys || []).forEach((key) => add(uses, "key", key.uri));
  Object.values(p.sessionData || {}).forEach((data) => relative("other", data.URI));
  if (p.contentSteering) add(uses, "other", p.contentSteering.uri);
  return { kind: "multivariant", error: String(p.playlistParsingError || ""), uses };
}

// asked is what the browser asks for a URI: the URL, and for a URL of the playlist's own origin the path of
// the object, its escapes decoded.
function asked(uri, base) {
  const url = resolved(uri, base);
  try {
    const { origin, pathname } = new URL(url);
    const name = pathname.slice(1).replace(/(%[0-9a-f]{2})+/gi, (escapes) => decodeURIComponent(escapes));
    return { url, path: origin === new URL(base).origin ? name : "" };
  } catch {
    return { url, path: "" }; // no URL, or escapes that make no text
  }
}

// parse takes playlists with the URIs that hls.Parse found in each, all in base64, and returns what hls.js
// makes of the playlists, and what it would ask for those URIs.
window.parse = (lists, base) => lists.map(({ text, uris }) => {
  const list = decoded(text);
  const said = M3U8Parser.isMediaPlaylist(list) ? media(list, base) : multivariant(list, base);
  return { ...said, ours: (uris || []).map((uri) => asked(decoded(uri, { ignoreBOM: true }), base)) };
});
