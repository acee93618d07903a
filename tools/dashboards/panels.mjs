/** The few kinds of panel that Tandem's dashboards are made of, as Grafana's JSON has them. */

const PROMETHEUS = { type: 'prometheus', uid: 'prometheus' };
const LOKI = { type: 'loki', uid: 'loki' };

/**
 * One line a query. `legend` names a line by its labels: `{{model}}`.
 * @param {string} title
 * @param {string} unit one of Grafana's: s, reqps, percentunit, bytes, short, celsius, watt
 * @param {readonly { expr: string, legend?: string }[]} queries
 * @param {{ max?: number, warn?: number, stack?: boolean, about?: string }} more `warn`: a line drawn at this value
 */
export function lines(title, unit, queries, { max, warn, stack = false, about } = {}) {
  return {
    ...panel('timeseries', title, about),
    targets: queries.map(toTarget),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(max === undefined ? {} : { max }),
        custom: {
          fillOpacity: stack ? 30 : 8,
          stacking: { mode: stack ? 'normal' : 'none', group: 'A' },
          thresholdsStyle: { mode: warn === undefined ? 'off' : 'line' },
        },
        ...(warn === undefined ? {} : { thresholds: above(warn) }),
      },
      overrides: [],
    },
    options: {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  };
}

/** One number, green below `warn` (or above it, where more is better). */
export function figure(title, unit, expr, { warn, moreIsBetter = false, about } = {}) {
  return {
    ...panel('stat', title, about),
    targets: [toTarget({ expr }, 0)],
    fieldConfig: {
      defaults: { unit, noValue: '–', thresholds: warn === undefined ? plain() : above(warn, moreIsBetter) },
      overrides: [],
    },
    options: {
      colorMode: 'value',
      graphMode: 'area',
      justifyMode: 'auto',
      orientation: 'auto',
      textMode: 'auto',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    },
  };
}

/** Lines of the log, by a LogQL query. */
export function logLines(title, expr) {
  return {
    ...panel('logs', title),
    datasource: LOKI,
    targets: [{ refId: 'A', datasource: LOKI, expr }],
    options: { showTime: true, wrapLogMessage: true, sortOrder: 'Descending', enableLogDetails: true },
  };
}

/**
 * A dashboard of rows: each row's panels share its width.
 * @param {string} uid stays the same, so that links go on to work
 * @param {readonly { title: string, height?: number, panels: readonly object[] }[]} rows heights in Grafana's units of 30 px
 */
export function dashboard(uid, title, description, rows) {
  const panels = [];
  let y = 0;
  for (const { title: heading, height = 8, panels: shown } of rows) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title: heading,
      collapsed: false,
      gridPos: { h: 1, w: 24, x: 0, y },
      panels: [],
    });
    y += 1;
    const w = Math.floor(24 / shown.length);
    for (const [index, one] of shown.entries())
      panels.push({ ...one, id: panels.length + 1, gridPos: { h: height, w, x: index * w, y } });
    y += height;
  }
  return {
    uid,
    title,
    description,
    tags: ['tandem'],
    timezone: 'browser',
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    schemaVersion: 39,
    version: 1,
    time: { from: 'now-6h', to: 'now' },
    templating: { list: [] },
    annotations: { list: [] },
    links: [
      {
        title: 'Tandem',
        type: 'dashboards',
        tags: ['tandem'],
        asDropdown: false,
        includeVars: false,
        keepTime: true,
        targetBlank: false,
        icon: 'external link',
        tooltip: '',
        url: '',
      },
    ],
    panels,
  };
}

function panel(type, title, description) {
  return { type, title, datasource: PROMETHEUS, ...(description === undefined ? {} : { description }) };
}

function toTarget({ expr, legend }, index) {
  return {
    refId: String.fromCharCode(65 + index),
    datasource: PROMETHEUS,
    expr,
    ...(legend === undefined ? {} : { legendFormat: legend }),
  };
}

function above(value, moreIsBetter = false) {
  const [low, high] = moreIsBetter ? ['red', 'green'] : ['green', 'red'];
  return {
    mode: 'absolute',
    steps: [
      { color: low, value: null },
      { color: high, value },
    ],
  };
}

function plain() {
  return { mode: 'absolute', steps: [{ color: 'text', value: null }] };
}
