import { createCodePlugin } from '@streamdown/code';

export const code = createCodePlugin({ themes: ['github-light', 'github-dark'] });
