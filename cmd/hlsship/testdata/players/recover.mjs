// The lines that docs/players.md gives to those who build a page around hls.js.
export const recover = (Hls, hls, video, playlist) => {
  let again;
  hls.on(Hls.Events.ERROR, (_, e) => {
    if (!e.fatal) return;
    clearTimeout(again);
    again = setTimeout(() => {
      if (e.type === Hls.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
      else hls.loadSource(playlist);
      video.play().catch(() => {});
    }, 1000);
  });
};
