// Draws delay against cut-offs as an SVG: one panel per condition, one line per kind of rule.
// Lower and further left is better: silence that ends turns early costs cut-offs.

export interface CurvePoint {
  readonly cutOffs: number;
  readonly medianMs: number;
  readonly label: string;
}

export interface Curve {
  readonly name: string;
  readonly colour: string;
  /** Joined by a line, or single points when false. */
  readonly isLine: boolean;
  readonly points: readonly CurvePoint[];
}

export interface Panel {
  readonly title: string;
  readonly curves: readonly Curve[];
}

const PANEL_WIDTH = 460;
const PANEL_HEIGHT = 320;
const MARGIN = 50;
const CUT_OFFS_MAX = 50;
const LEGEND_COLUMNS = 4;
const LEGEND_WIDTH = 210;
const LEGEND_HEIGHT = 44;
const DELAY_MS_MAX = 1000;

/** A whole SVG document, two panels a row. */
export function drawCurves(panels: readonly Panel[]): string {
  const rows = Math.ceil(panels.length / 2);
  const size = `width="${2 * PANEL_WIDTH}" height="${rows * PANEL_HEIGHT + LEGEND_HEIGHT}"`;
  const drawn = panels.map((panel, index) => {
    const x = (index % 2) * PANEL_WIDTH;
    const y = Math.floor(index / 2) * PANEL_HEIGHT;
    return `<g transform="translate(${x} ${y})">${drawPanel(panel)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="11">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    ...drawn,
    drawLegend(panels[0]?.curves ?? [], rows * PANEL_HEIGHT + 15),
    "</svg>",
    "",
  ].join("\n");
}

function drawPanel({ title, curves }: Panel): string {
  const parts = [`<text x="${PANEL_WIDTH / 2}" y="16" text-anchor="middle">${title}</text>`];
  for (let cutOffs = 0; cutOffs <= CUT_OFFS_MAX; cutOffs += 10) {
    parts.push(grid(x(cutOffs), y(0), x(cutOffs), y(DELAY_MS_MAX)));
    parts.push(`<text x="${x(cutOffs)}" y="${y(0) + 14}" text-anchor="middle">${cutOffs}</text>`);
  }
  for (let ms = 0; ms <= DELAY_MS_MAX; ms += 200) {
    parts.push(grid(x(0), y(ms), x(CUT_OFFS_MAX), y(ms)));
    parts.push(`<text x="${x(0) - 6}" y="${y(ms) + 4}" text-anchor="end">${ms}</text>`);
  }
  parts.push(`<text x="${PANEL_WIDTH / 2}" y="${y(0) + 28}" text-anchor="middle">cut-offs</text>`);
  parts.push(
    `<text transform="translate(12 ${y(500)}) rotate(-90)" text-anchor="middle">` +
      "median delay in ms</text>",
  );
  return [...parts, ...curves.map(drawCurve)].join("\n");
}

function drawCurve({ points, colour, isLine }: Curve): string {
  const shown = points.filter(
    (point) => point.cutOffs <= CUT_OFFS_MAX && point.medianMs <= DELAY_MS_MAX,
  );
  const path = shown.map((point) => `${x(point.cutOffs)},${y(point.medianMs)}`).join(" ");
  const line = isLine ? `<polyline points="${path}" fill="none" stroke="${colour}"/>` : "";
  const dots = shown.map((point) => {
    const place = `cx="${x(point.cutOffs)}" cy="${y(point.medianMs)}"`;
    const title = `<title>${point.label}</title>`;
    return `<circle ${place} r="${isLine ? 2.5 : 4}" fill="${colour}">${title}</circle>`;
  });
  return [line, ...dots].join("");
}

function drawLegend(curves: readonly Curve[], top: number): string {
  return curves
    .map((curve, index) => {
      const left = MARGIN + (index % LEGEND_COLUMNS) * LEGEND_WIDTH;
      const line = top + Math.floor(index / LEGEND_COLUMNS) * 18;
      const dot = `<circle cx="${left}" cy="${line - 4}" r="4" fill="${curve.colour}"/>`;
      return `${dot}<text x="${left + 8}" y="${line}">${curve.name}</text>`;
    })
    .join("");
}

function grid(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#ddd"/>`;
}

function x(cutOffs: number): number {
  return rounded(MARGIN + (cutOffs / CUT_OFFS_MAX) * (PANEL_WIDTH - MARGIN - 15));
}

function y(ms: number): number {
  return rounded(PANEL_HEIGHT - MARGIN + 5 - (ms / DELAY_MS_MAX) * (PANEL_HEIGHT - MARGIN - 30));
}

function rounded(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
