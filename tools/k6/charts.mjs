// Two kinds of charts as SVG, without a library: a report must open anywhere, also without a network.
const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [900, 300, 60, 40, 40];
const COLOURS = ['#9ec5fe', '#0d6efd', '#f7c6a3', '#d9480f', '#2f9e44'];
const escape = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

function frame(title, names, top, inside) {
  const y = (value) => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * value) / top;
  const lines = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const label = top >= 100 ? Math.round(part * top) : (part * top).toFixed(1);
    return `<line x1="${LEFT}" x2="${WIDTH}" y1="${y(part * top)}" y2="${y(part * top)}" stroke="#ddd"/><text x="${LEFT - 6}" y="${y(part * top) + 4}" text-anchor="end">${label}</text>`;
  });
  const legend = names.map((name, index) => {
    const x = LEFT + 300 + index * 130;
    return `<rect x="${x}" y="10" width="12" height="12" fill="${COLOURS[index % COLOURS.length]}"/><text x="${x + 17}" y="20">${escape(name)}</text>`;
  });
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" font-size="12" font-family="system-ui,sans-serif" role="img" aria-label="${escape(title)}"><text x="0" y="20" font-size="14" font-weight="600">${escape(title)}</text>${legend.join('')}${lines.join('')}${inside(y)}</svg>`;
}

/** @param groups [label, one value for each name] */
export function groupedBars(title, names, groups) {
  const top = 1.1 * Math.max(1, ...groups.flatMap(([, values]) => values));
  const room = (WIDTH - LEFT) / groups.length;
  return frame(title, names, top, (y) =>
    groups
      .map(([label, values], group) => {
        const width = (room * 0.7) / values.length;
        const bars = values.map((value, index) => {
          const x = LEFT + room * group + room * 0.15 + index * width;
          return `<rect x="${x}" y="${y(value)}" width="${width - 3}" height="${y(0) - y(value)}" fill="${COLOURS[index % COLOURS.length]}"><title>${value.toFixed(1)}</title></rect>`;
        });
        return `${bars.join('')}<text x="${LEFT + room * (group + 0.5)}" y="${HEIGHT - 14}" text-anchor="middle">${escape(label)}</text>`;
      })
      .join(''),
  );
}

/** @param points { at (epoch ms), value, group } */
export function dots(title, points) {
  const groups = [...new Set(points.map(({ group }) => group))];
  const [from, to] = [Math.min(...points.map(({ at }) => at)), Math.max(...points.map(({ at }) => at))];
  const top = 1.1 * Math.max(1, ...points.map(({ value }) => value));
  const x = (at) => LEFT + ((WIDTH - LEFT - 10) * (at - from)) / Math.max(1, to - from);
  return frame(title, groups, top, (y) =>
    [
      ...points.map(
        ({ at, value, group }) =>
          `<circle cx="${x(at).toFixed(1)}" cy="${y(value).toFixed(1)}" r="2.5" fill="${COLOURS[groups.indexOf(group) % COLOURS.length]}"/>`,
      ),
      `<text x="${LEFT}" y="${HEIGHT - 14}">0 s</text><text x="${WIDTH - 10}" y="${HEIGHT - 14}" text-anchor="end">${Math.round((to - from) / 1000)} s</text>`,
    ].join(''),
  );
}
