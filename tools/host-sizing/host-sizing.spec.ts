import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostSizingText } from './host-sizing';

/** Prettier lines up the tables; what stands in them is compared. */
const bare = (text: string): string => text.replace(/ +/g, ' ').replace(/-+/g, '-').trim();

describe('docs/host-sizing.md', () => {
  const text = hostSizingText();

  it('is what the fit check says (npm run host-sizing writes it)', () => {
    const written = readFileSync(join(__dirname, '../../docs/host-sizing.md'), 'utf8');
    expect(bare(written)).toBe(bare(text));
  });

  it('has the default profile run on two RTX 3090, and not on one T4', () => {
    const rows = text.split('\n').filter((line) => line.startsWith('| `r1-distill-qwen-14b`'));
    expect(rows).toHaveLength(2);
    const [one, two] = rows.map((row) => row.split('|').map((word) => word.trim()));
    expect(two?.[2]).toMatch(/^\d+\.\d × 8k \(\d+k\)$/);
    expect(one?.[4]).toBe('no');
  });
});
