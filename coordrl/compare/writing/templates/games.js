// What holds over all games.

function drawMetrics(aggregate, id) {
  const arms = aggregate.arms;
  const more = { hovermode: "closest", annotations: [], margin: { l: 16, r: 16, t: 34, b: 30 } };
  const found = [];
  METRICS.forEach(([name, title], k) => {
    const axis = k ? String(k + 1) : "";
    const domain = [k / METRICS.length + (k ? 0.03 : 0), (k + 1) / METRICS.length];
    more[`xaxis${axis}`] = { ...AXIS, domain, nticks: 4 };
    more[`yaxis${axis}`] = {
      ...AXIS, anchor: `x${axis}`, showgrid: false, ticks: "", range: [arms.length - 0.5, -0.5],
      tickvals: arms.map((_, row) => row), ticktext: arms.map((arm) => arm.name),
      showticklabels: k === 0,
    };
    more.annotations.push({
      text: `<b>${title}</b>`, showarrow: false, xref: "paper", yref: "paper",
      x: (domain[0] + domain[1]) / 2, xanchor: "center", y: 1, yanchor: "bottom",
    });
    arms.forEach((arm, row) => {
      const { value, interval } = arm.metrics[name];
      const { low, high } = interval || { low: value, high: value };
      const look = looks[arm.name];
      found.push({
        x: [value], y: [row], xaxis: `x${axis}`, yaxis: `y${axis}`, mode: "markers",
        marker: { color: look.colour, symbol: look.marker, size: 9 },
        error_x: {
          type: "data", symmetric: false, array: [high - value], arrayminus: [value - low],
          color: faded(look.colour, 0.4), thickness: 6, width: 0,
        },
        text: [`${arm.name}: ${number(value)} (${range(low, high)})`],
        hovertemplate: "%{text}<extra></extra>",
      });
    });
  });
  draw(id, found, more);
}

function drawProfiles(aggregate, id) {
  const tau = aggregate.tau;
  const found = aggregate.arms.flatMap((arm) => {
    const look = looks[arm.name];
    const curve = { ...arm.profile, mean: arm.profile.values, name: arm.name };
    const text = tau.map((_, k) => hover(curve, k));
    return [band(tau, curve, look), thick(tau, curve, look, text)];
  });
  // The best twentieth of the runs would squeeze all others: double-click shows them.
  const last = tau[Math.floor(0.95 * (tau.length - 1))];
  draw(id, found, {
    hovermode: "x unified",
    xaxis: { ...AXIS, title: { text: "human-normalised score" }, range: [tau[0], last] },
    yaxis: { ...AXIS, title: { text: "share of runs above it" }, range: [0, 1.02] },
  });
}

function drawAggregates() {
  data.aggregates.forEach((aggregate, k) => {
    if (!aggregate.tau.length) return;
    drawMetrics(aggregate, `metrics-${k}`);
    drawProfiles(aggregate, `profiles-${k}`);
  });
}
