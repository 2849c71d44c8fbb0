// The colours, the font and the size of letters of charts, read from the style sheet so that pictures and pages agree.
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const scale = Number.parseFloat(style.fontSize) / 16; // of very wide screens, and of readers who want larger letters
  const read = (name) => style.getPropertyValue(`--ww-${name}`).trim();
  return {
    accent: read("accent"),
    soft: read("accent-soft"),
    succeeded: read("succeeded"),
    failed: read("failed"),
    dropped: read("dropped"),
    in_time: read("in-time"),
    other: read("other"),
    second: read("second"),
    third: read("third"),
    fourth: read("fourth"),
    fifth: read("fifth"),
    text: read("ink"),
    muted: read("muted"),
    line: read("line"),
    surface: read("surface"),
    font: getComputedStyle(document.body).fontFamily,
    size: (pixels) => pixels * scale,
  };
}
