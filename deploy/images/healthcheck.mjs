// The images' health check, without a shell or curl: exit 0 when the service of this container is ready.
const { PORT = '8080' } = process.env;
const answer = await fetch(`http://127.0.0.1:${PORT}/health/ready`, { signal: AbortSignal.timeout(3_000) }).catch(
  (error) => ({ ok: false, status: String(error.cause?.message ?? error.message) }),
);
if (!answer.ok) console.error(`not ready: ${answer.status}`);
process.exit(answer.ok ? 0 : 1);
