/**
 * Advisory lock of the ledger: who writes rows shares it, who needs them to stand still has it alone. Taken in a statement
 * of its own, so that the next one sees what those before have committed.
 */
export const SHARE_LEDGER = 'SELECT pg_advisory_xact_lock_shared(7215002)';
export const HAVE_LEDGER_ALONE = 'SELECT pg_advisory_xact_lock(7215002)';
