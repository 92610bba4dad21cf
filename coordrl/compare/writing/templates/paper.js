// Charts on paper: as wide as their place on it.

function charts() {
  return document.querySelectorAll(".js-plotly-plot");
}

window.addEventListener("beforeprint", () => {
  for (const chart of charts()) {
    Plotly.relayout(chart, { autosize: false, width: Number(chart.dataset.paper) });
  }
});
window.addEventListener("afterprint", () => {
  for (const chart of charts()) Plotly.relayout(chart, { autosize: true, width: null });
});
