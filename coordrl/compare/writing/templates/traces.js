// What all charts share. Every number comes from #data, which coordrl/compare/writing/page/data.py writes.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const oneGame = new Set(data.groups.map((group) => group.game)).size === 1;
const looks = Object.fromEntries(data.arms.map((arm) => [arm.name, arm]));
const state = {
  group: data.groups[0],
  view: "return",
  axis: "timesteps",
  seeds: true,
  bands: true,
  hidden: new Set(),
};

const INK = "#1d2126";
const SOFT = "#777777";
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const AXIS = {
  gridcolor: "#e6e6e6",
  zeroline: false,
  linecolor: "#999999",
  ticks: "outside",
  automargin: true,
};
const CONFIG = {
  responsive: true,
  displaylogo: false,
  modeBarButtons: [["toImage", "resetScale2d"]],
  toImageButtonOptions: { format: "svg" },
};
const SYMBOLS = {
  better: "▲",
  worse: "▼",
  equivalent: "=",
  negligible: "≈",
  inconclusive: "?",
  uninformative: "∅",
};
const METRICS = [
  ["iqm", "IQM"],
  ["median", "median"],
  ["mean", "mean"],
  ["optimality_gap", "optimality gap"],
];

// ---- Helpers

function element(id) {
  return document.getElementById(id);
}

function number(value) {
  return value.toLocaleString("en", { maximumSignificantDigits: 4 }).replace("-", "−");
}

function range(low, high) {
  return `${number(low)} to ${number(high)}`;
}

function faded(colour, opacity) {
  const parts = [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));
  return `rgba(${parts.join(",")},${opacity})`;
}

function dashes(look, width) {
  return look.dash.map((length) => length * width);
}

function line(look, width) {
  const pattern = dashes(look, width);
  const dash = pattern.length ? pattern.map((length) => `${length}px`).join(",") : "solid";
  return { color: look.colour, width, dash };
}

function layout(more) {
  return {
    font: { family: FONT, size: 13, color: INK },
    margin: { l: 64, r: 16, t: 16, b: 48 },
    showlegend: false,
    hoverlabel: { font: { family: FONT, size: 13 } },
    ...more,
  };
}

function draw(id, traces, more) {
  Plotly.react(element(id), traces, layout(more), CONFIG);
}

// ---- Traces of curves

function band(x, curve, look) {
  const known = x.map((_, k) => k).filter((k) => curve.lower[k] !== null);
  const back = [...known].reverse();
  return {
    x: [...known, ...back].map((k) => x[k]),
    y: [...known.map((k) => curve.upper[k]), ...back.map((k) => curve.lower[k])],
    fill: "toself",
    fillcolor: faded(look.colour, 0.13),
    line: { width: 0 },
    mode: "lines",
    hoverinfo: "skip",
  };
}

function thin(x, values, look) {
  const pale = { color: faded(look.colour, 0.35), width: 1 };
  return { x, y: values, mode: "lines", line: pale, hoverinfo: "skip" };
}

function thick(x, curve, look, text) {
  return {
    x,
    y: curve.mean,
    mode: "lines",
    name: look.name,
    line: line(look, 2.5),
    text,
    hovertemplate: "%{text}<extra></extra>",
  };
}

function circles(x, curve, look) {
  const carried = x.map((_, k) => k).filter((k) => curve.carried[k] && curve.mean[k] !== null);
  return {
    x: carried.map((k) => x[k]),
    y: carried.map((k) => curve.mean[k]),
    mode: "markers",
    marker: { color: "white", size: 6, line: { color: look.colour, width: 1.3 } },
    hoverinfo: "skip",
  };
}

function hover(curve, k) {
  if (curve.mean[k] === null) return "";
  let text = `${curve.name} <b>${number(curve.mean[k])}</b>`;
  if (curve.lower[k] !== null) text += ` (${range(curve.lower[k], curve.upper[k])})`;
  const carried = curve.carried ? curve.carried[k] : 0;
  return carried ? `${text}, ${carried} of ${curve.seeds.length} carried forward` : text;
}

function traces(x, curve) {
  const look = looks[curve.name];
  const found = [];
  if (state.seeds && curve.seeds.length > 1) {
    found.push(...curve.seeds.map((values) => thin(x, values, look)));
  }
  if (state.bands) found.push(band(x, curve, look));
  found.push(thick(x, curve, look, x.map((_, k) => hover(curve, k))));
  if (curve.carried) found.push(circles(x, curve, look));
  return found;
}
