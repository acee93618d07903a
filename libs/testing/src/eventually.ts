/**
 * Polls until `check` neither throws nor answers false, null or undefined, and hands back its answer.
 * @throws Error with the last reason after `timeoutMs` (default 30 s).
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeoutMs = 30_000, everyMs = 20 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let last: unknown;
    try {
      const answer = await check();
      if (answer !== false && answer !== null && answer !== undefined) return answer as NonNullable<Exclude<T, false>>;
      last = `the condition answered ${String(answer)}`;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      const message = last instanceof Error ? last.message : String(last);
      throw new Error(`not within ${timeoutMs} ms: ${message}`, { cause: last });
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
