/** How far something is; without a percent it only shows that something goes on. */
export function ProgressBar({ label, percent }: { label: string; percent: number | null }) {
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(percent !== null && { 'aria-valuenow': Math.round(percent) })}
      className="h-2 overflow-hidden rounded-full bg-sunken"
    >
      <div
        className={`h-full rounded-full bg-accent transition-[width] duration-300 ${percent === null ? 'w-1/3 animate-pulse' : ''}`}
        {...(percent !== null && { style: { width: `${percent}%` } })}
      />
    </div>
  );
}
