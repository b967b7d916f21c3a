// The lines that docs/players.md gives to those who build a page around hls.js.
export const recover = (Hls, hls, video, playlist) => {
  hls.on(Hls.Events.ERROR, (_, e) => {
    if (!e.fatal) return;
    setTimeout(() => {
      if (e.details.startsWith("manifest")) hls.loadSource(playlist);
      else if (e.type === Hls.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
      else hls.startLoad();
      video.play();
    }, 1000);
  });
};
