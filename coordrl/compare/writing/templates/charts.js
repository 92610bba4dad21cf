// The large charts: curves and scores of the game that was chosen.

function isShown(curve) {
  return !state.hidden.has(curve.name);
}

function horizontal(group, arm) {
  if (state.axis === "hours") return arm.hours;
  const factor = state.axis === "frames" ? group.frames : 1;
  return group.timesteps.map((timestep) => timestep * factor);
}

function level(y, text) {
  return {
    shapes: [
      { type: "line", xref: "paper", x0: 0, x1: 1, y0: y, y1: y, layer: "below",
        line: { color: SOFT, width: 1, dash: "dot" } },
    ],
    annotations: [
      { xref: "paper", x: 1, y, text, showarrow: false, xanchor: "right", yanchor: "bottom",
        font: { size: 11, color: SOFT } },
    ],
  };
}

function returnMarks(group) {
  return group.random === null ? {} : level(group.random, "random play");
}

function differenceMarks(group, curves) {
  const marks = level(0, data.baseline);
  const margin = curves.length ? group.margins[curves[0].name] : null;
  if (margin) {
    marks.shapes.push({
      type: "rect", xref: "paper", x0: 0, x1: 1, y0: -margin, y1: margin, layer: "below",
      line: { width: 0 }, fillcolor: "rgba(0,0,0,0.06)",
    });
  }
  return marks;
}

function drawCurves() {
  const group = state.group;
  const differs = state.view === "difference";
  const curves = (differs ? group.differences : group.arms).filter(isShown);
  const ranges = differs ? curves.map((curve) => curve.range) : [group.range];
  const titles = { timesteps: "timesteps", frames: "emulator frames", hours: "wall time (hours)" };
  draw("curves", curves.flatMap((curve) => traces(horizontal(group, curve), curve)), {
    ...(differs ? differenceMarks(group, curves) : returnMarks(group)),
    hovermode: "x unified",
    uirevision: [data.groups.indexOf(group), state.view, state.axis].join(),
    xaxis: { ...AXIS, title: { text: titles[state.axis] }, rangemode: "tozero" },
    yaxis: {
      ...AXIS,
      title: { text: differs ? `return above ${data.baseline}` : group.points },
      range: curves.length
        ? [Math.min(...ranges.map((r) => r[0])), Math.max(...ranges.map((r) => r[1]))]
        : undefined,
    },
  });
}

function joinedSeeds(arms) {
  const seeds = [...new Set(arms.flatMap((arm) => arm.runs.map((run) => run[0])))];
  return seeds.map((seed) => {
    const points = arms.flatMap((arm, k) =>
      arm.runs.filter((run) => run[0] === seed).map((run) => [k, run[1]])
    );
    return {
      x: points.map((point) => point[0]),
      y: points.map((point) => point[1]),
      mode: "lines",
      line: { color: "#cccccc", width: 1 },
      hoverinfo: "skip",
    };
  });
}

function scorePoints(arm, k) {
  const look = looks[arm.name];
  return {
    x: arm.runs.map(() => k),
    y: arm.runs.map((run) => run[1]),
    mode: "markers",
    marker: { color: look.colour, symbol: look.marker, size: 8, opacity: 0.75 },
    text: arm.runs.map((run) => `seed ${run[0]}: ${number(run[1])} (${run[2]} games)`),
    hovertemplate: "%{text}<extra></extra>",
  };
}

function scoreMean(arm, k) {
  const [low, high] = arm.interval || [arm.score, arm.score];
  return {
    x: [k + 0.24],
    y: [arm.score],
    mode: "markers",
    marker: { color: looks[arm.name].colour, symbol: "line-ew-open", size: 12, line: { width: 2 } },
    error_y: { type: "data", array: [high - arm.score], color: looks[arm.name].colour, width: 0 },
    text: [`mean: ${number(arm.score)} (${range(low, high)})`],
    hovertemplate: "%{text}<extra></extra>",
  };
}

function drawScores() {
  const group = state.group;
  const arms = group.arms.filter(isShown);
  const found = [...joinedSeeds(arms), ...arms.map(scorePoints), ...arms.map(scoreMean)];
  draw("scores", found, {
    ...returnMarks(group),
    hovermode: "closest",
    xaxis: {
      ...AXIS,
      range: [-0.5, arms.length - 0.4],
      tickvals: arms.map((_, k) => k),
      ticktext: arms.map((arm) => arm.name),
      showgrid: false,
    },
    yaxis: { ...AXIS, title: { text: "score" } },
  });
}

function drawCaveats() {
  const group = state.group;
  const single = group.arms.filter((arm) => arm.runs.length === 1).map((arm) => arm.name);
  const lines = [
    single.length ? `A single seed has no band: ${single.join(", ")}.` : "",
    group.informative ? "" : "No arm is shown to beat random play.",
    group.arms.some((arm) => arm.carried)
      ? "Open circles: some seed has no game in the window; its last value is carried on."
      : "",
    state.axis === "hours" ? "Wall time is the mean over an arm's seeds." : "",
    state.view === "difference"
      ? "Band: 95 % interval of the difference at each point by itself; grey: the margin."
      : "",
  ];
  element("caveats").textContent = lines.filter(Boolean).join(" ");
}
