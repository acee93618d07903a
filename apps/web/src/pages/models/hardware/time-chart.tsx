import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatTime } from '../../../ui/format';

export interface ChartProps {
  /** What a screen reader is told instead of the picture. */
  label: string;
  /** Seconds since the epoch, then the values of each series. */
  columns: uPlot.AlignedData;
  names: readonly string[];
  /** Greatest value of the axis; it grows where more is seen. */
  max: number;
  format: (value: number) => string;
}

const HEIGHT_PX = 150;
/** The time axis is at least so long. */
const SHORTEST_SECONDS = 60;

/** A chart over time in the colours of the theme, as wide as its place. uPlot sets its styles through the CSSOM. */
export function TimeChart({ label, columns, names, max, format }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(null);
  const latest = useRef({ columns, format, max });
  const series = names.join('\n');

  useEffect(() => {
    latest.current = { columns, format, max };
  });

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const draw = (): void => {
      chart.current?.destroy();
      chart.current = new uPlot(
        options(element, series.split('\n'), latest.current.max, (value) => latest.current.format(value)),
        latest.current.columns,
        element,
      );
    };
    draw();
    const resized = new ResizeObserver(() => chart.current?.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    resized.observe(element);
    const themed = new MutationObserver(draw);
    themed.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      resized.disconnect();
      themed.disconnect();
      chart.current?.destroy();
      chart.current = null;
    };
  }, [series]);

  useEffect(() => chart.current?.setData(columns), [columns]);

  return <div ref={place} role="img" aria-label={label} className="min-w-0 overflow-hidden" />;
}

function options(
  element: HTMLElement,
  names: readonly string[],
  max: number,
  format: (value: number) => string,
): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: color('--subtle'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
    font: `11px ${style.fontFamily}`,
  };
  return {
    width: element.clientWidth,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: {
      x: { range: (chart) => timesOf(chart.data[0]) },
      y: { range: (_chart, _from, to) => [0, Math.max(max, to)] },
    },
    axes: [
      { ...axis, size: 24, space: 90, values: (_chart, values) => values.map((at) => formatTime(at * 1_000)) },
      { ...axis, size: 52, values: (_chart, values) => values.map(format), space: 34 },
    ],
    series: [
      {},
      ...names.map((label, index) => ({
        label,
        stroke: color(`--series-${index % 4}`),
        width: 2,
        // A single reading is no line yet.
        points: { show: (chart: uPlot) => chart.data[0].length < 2 },
      })),
    ],
  };
}

/** Of readings, the oldest first. (uPlot's own for a single one is the day that follows it.) */
function timesOf(readings: ArrayLike<number>): [from: number, to: number] {
  const last = readings[readings.length - 1] ?? 0;
  return [Math.min(readings[0] ?? last, last - SHORTEST_SECONDS), last];
}
