// All games at a glance.

function path(group, values, top) {
  const [low, high] = group.range;
  const points = values.map((value, k) => {
    if (value === null) return null;
    const inside = Math.min(Math.max((value - low) / (high - low), 0), 1);
    return `${((100 * group.timesteps[k]) / group.length).toFixed(1)} ${(top * (1 - inside)).toFixed(1)}`;
  });
  return points.filter((point) => point !== null);
}

function smallCurves(group) {
  const height = 60;
  const parts = [];
  if (group.random !== null) {
    const [point] = path(group, [group.random], height);
    const y = point.split(" ")[1];
    parts.push(`<path d="M0 ${y}H100" stroke="${SOFT}" stroke-dasharray="1 2"/>`);
  }
  for (const arm of group.arms.filter(isShown)) {
    const look = looks[arm.name];
    const around = [...path(group, arm.upper, height), ...path(group, arm.lower, height).reverse()];
    const middle = path(group, arm.mean, height);
    if (around.length) {
      parts.push(`<path d="M${around.join("L")}Z" fill="${look.colour}" fill-opacity="0.13" stroke="none"/>`);
    }
    if (middle.length) {
      const pattern = dashes(look, 1.6).join(" ") || "none";
      parts.push(`<path d="M${middle.join("L")}" stroke="${look.colour}" stroke-width="1.6" stroke-dasharray="${pattern}"/>`);
    }
  }
  return `<svg viewBox="0 0 100 ${height}" preserveAspectRatio="none" fill="none" aria-hidden="true">${parts.join("")}</svg>`;
}

function drawOverview() {
  for (const button of document.querySelectorAll(".small")) {
    button.querySelector("svg")?.remove();
    button.insertAdjacentHTML("beforeend", smallCurves(data.groups[button.dataset.group]));
  }
}

function verdictMark(name, verdict) {
  const mark = document.createElement("span");
  mark.textContent = SYMBOLS[verdict];
  mark.title = `${name}: ${verdict}`;
  mark.style.color = looks[name].colour;
  return mark;
}

function buildOverview() {
  data.groups.forEach((group, k) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small";
    button.dataset.group = k;
    const title = document.createElement("b");
    const name = document.createElement("span");
    name.textContent = group.game;
    name.title = group.title;
    const algorithm = document.createElement("span");
    // On paper, the games of all algorithms stand side by side.
    algorithm.className = oneGame ? "" : "paper";
    algorithm.textContent = group.title.slice(group.game.length);
    name.append(algorithm);
    const marks = document.createElement("span");
    marks.append(...Object.entries(group.verdicts).map(([arm, verdict]) => verdictMark(arm, verdict)));
    title.append(name, marks);
    button.append(title);
    button.addEventListener("click", () => select(group));
    element("overview").append(button);
  });
}
