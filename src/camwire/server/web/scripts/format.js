/** Figures in words. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** @param {number} value */
export function count(value) {
  return whole.format(value);
}

/** One decimal below ten, none above. @param {number} value */
export function rate(value) {
  return value < 9.95 && Math.round(value * 10) % 10 !== 0 ? value.toFixed(1) : whole.format(value);
}

/** @param {number | undefined} value */
export function milliseconds(value) {
  if (value === undefined || !Number.isFinite(value)) return "–";
  if (value >= 999.5) return `${(value / 1000).toFixed(1)} s`;
  return value < 9.95 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}

/** @param {number} value */
export function bytes(value) {
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)} GB`;
  return `${whole.format(value / 1e6)} MB`;
}

/** @param {number} seconds */
export function duration(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return `${Math.floor(seconds)} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** @param {string | null} codec */
export function codecName(codec) {
  return { h264: "H.264", hevc: "H.265", mjpeg: "MJPEG" }[codec] ?? codec?.toUpperCase() ?? null;
}

/** A wire name in words: `fps_cap` → `fps cap`. @param {string} name */
export function words(name) {
  return name.replaceAll("_", " ");
}

/** @param {string} name */
export function title(name) {
  const text = words(name);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
