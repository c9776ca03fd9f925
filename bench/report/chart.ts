/** Draws charts as SVG, without a browser. Colours are CSS variables (palette.ts), so a page can be light or dark. */
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent } from "echarts/components";
import { type EChartsCoreOption, init, setPlatformAPI, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { COLOR_RULES, colorOf, lookOf, shortNameOf } from "./palette.ts";
import { formatBytes } from "./quantity.ts";

use([LineChart, BarChart, GridComponent, LegendComponent, MarkLineComponent, SVGRenderer]);

setPlatformAPI({
  measureText(text, font) {
    const px = Number.parseFloat(/[\d.]+px/.exec(font ?? "")?.[0] ?? "") || FONT_PX;
    // The height of a line is asked for as the width of a square letter.
    const em = [...text].reduce((sum, char) => sum + (char < "\u2e80" ? LETTER_EM : 1), 0);
    return { width: em * px };
  },
});

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
const FONT_PX = 13;
const LEGEND_ROW_PX = 24;
/** Room for a legend's mark with the gap beside it. */
const MARK_PX = 50;
/** Of a letter, in the widest of the fonts: nothing here can ask how wide the reader's is. */
const LETTER_EM = 0.6;

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Line {
  readonly subject: string;
  /** Bytes, and what is drawn of them. */
  readonly points: readonly (readonly [bytes: number, value: number])[];
}

/** The grid and the labels of its axes fit into what was given. */
const CONTAINED = { outerBoundsMode: "same", outerBoundsContain: "axisLabel" };

const INK = colorOf("ink");
const FAINT = colorOf("faint");
const RULE = colorOf("rule");

function render({ width, height }: Size, option: EChartsCoreOption, title: string): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    const textStyle = { fontFamily: FONT, fontSize: FONT_PX, color: INK };
    chart.setOption({ animation: false, textStyle, ...option });
    const label = `role="img" aria-label="${title}"`;
    // What is left out is for a mouse over a living chart.
    return chart
      .renderToSVGString()
      .replace("<svg ", `<svg ${label} `)
      .replace(/<style >.*?<\/style>/s, "")
      .replace(/ (?:pointer-events="visible"|class="zr[\w-]*")/g, "");
  } finally {
    chart.dispose();
  }
}

/** A chart as a file of its own: with its colours, and paper under it. */
export function asFile(svg: string): string {
  const style = `<style>${COLOR_RULES}svg{background:var(--paper)}</style>`;
  return `${svg.replace(">", `>${style}`)}\n`;
}

const axisOf = (name: string) => ({
  name,
  nameTextStyle: { color: FAINT, fontSize: FONT_PX },
  axisLabel: { color: FAINT, fontSize: FONT_PX, hideOverlap: true },
  axisLine: { show: true, lineStyle: { color: FAINT } },
  axisTick: { lineStyle: { color: FAINT } },
  splitLine: { show: true, lineStyle: { color: RULE } },
  minorTick: { show: false },
  minorSplitLine: { show: false },
});

/** How many rows a legend of these names takes. */
function legendRows(names: readonly string[], width: number): number {
  let rows = 1;
  let used = 0;
  for (const name of names) {
    const wanted = MARK_PX + LETTER_EM * FONT_PX * name.length;
    if (used > 0 && used + wanted > width - 20) {
      rows++;
      used = 0;
    }
    used += wanted;
  }
  return rows;
}

/** Lines over sizes, both axes logarithmic. */
export function drawLines(title: string, unit: string, lines: readonly Line[], size: Size): string {
  const names = lines.map(({ subject }) => shortNameOf(subject));
  const legendPx = legendRows(names, size.width) * LEGEND_ROW_PX;
  const powers = lines.flatMap(({ points }) => points.map(([bytes]) => Math.log2(bytes)));
  const narrow = size.width < 500;
  const option: EChartsCoreOption = {
    legend: {
      bottom: 0,
      itemWidth: 28,
      itemGap: 12,
      textStyle: { color: INK, fontSize: FONT_PX },
      data: names,
    },
    grid: { left: 8, right: 24, top: 34, bottom: legendPx + 34, ...CONTAINED },
    xAxis: {
      // Powers of two on an even axis: a logarithmic one labels only some of them.
      type: "value",
      min: Math.min(...powers),
      max: Math.max(...powers),
      interval: narrow ? 4 : 2,
      ...axisOf("bytes of a message"),
      nameLocation: "middle",
      nameGap: 30,
      axisLabel: { color: FAINT, fontSize: FONT_PX, formatter: (power: number) => formatBytes(2 ** power) },
    },
    yAxis: {
      type: "log",
      ...axisOf(unit),
      nameLocation: "end",
      nameTextStyle: { color: FAINT, fontSize: FONT_PX, align: "left", padding: [0, 0, 0, -30] },
      axisLabel: { color: FAINT, fontSize: FONT_PX, formatter: (value: number) => value.toLocaleString("en") },
    },
    series: lines.map(({ subject, points }) => {
      const { color, symbol, line } = lookOf(subject);
      return {
        type: "line",
        name: shortNameOf(subject),
        data: points.map(([bytes, value]) => [Math.log2(bytes), value]),
        symbol,
        symbolSize: 8,
        itemStyle: { color },
        lineStyle: { color, width: subject.startsWith("wasm-kms") ? 3 : 2, type: line },
      };
    }),
  };
  return render({ ...size, height: size.height + legendPx }, option, title);
}

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** What stands beside the bar. */
  readonly text: string;
  readonly color: string;
}

/** Horizontal bars, the first on top. With `mark`, the axis is logarithmic and a line stands at 1. */
export function drawBars(title: string, unit: string, bars: readonly Bar[], width: number, mark?: string): string {
  const height = bars.length * 34 + 64;
  const values = bars.map(({ value }) => value);
  const narrow = width < 500;
  const low = Math.min(0.75, ...values) / 1.5;
  const option: EChartsCoreOption = {
    grid: { left: 8, right: narrow ? 64 : 90, top: mark === undefined ? 8 : 26, bottom: 34, ...CONTAINED },
    yAxis: {
      type: "category",
      inverse: true,
      data: bars.map(({ label }) => label),
      axisLabel: { color: INK, fontSize: FONT_PX, width: narrow ? 120 : 320, overflow: "break" },
      axisLine: { lineStyle: { color: FAINT } },
      axisTick: { show: false },
    },
    xAxis: {
      type: mark === undefined ? "value" : "log",
      ...(mark === undefined ? {} : { min: low, max: Math.max(...values, 1.5) * 1.2 }),
      ...axisOf(unit),
      nameLocation: "middle",
      nameGap: 26,
      splitNumber: narrow ? 3 : 6,
      axisLabel: {
        color: FAINT,
        fontSize: FONT_PX,
        hideOverlap: true,
        formatter: (value: number) => (value === low ? "" : Number(value.toPrecision(2)).toLocaleString("en")),
      },
    },
    series: [
      {
        type: "bar",
        barMaxWidth: 20,
        data: bars.map(({ value, text, color }) => ({
          value,
          itemStyle: { color },
          label: { show: true, position: "right", formatter: text, color: INK, fontSize: FONT_PX },
        })),
        ...(mark === undefined ? {} : { markLine: markAt(mark) }),
      },
    ],
  };
  return render({ width, height }, option, title);
}

const markAt = (text: string) => ({
  symbol: "none",
  silent: true,
  lineStyle: { color: INK, width: 1.5, type: "solid" },
  label: { formatter: text, color: INK, fontSize: FONT_PX, position: "start" },
  data: [{ xAxis: 1 }],
});
