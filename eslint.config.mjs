import { readdirSync } from 'node:fs';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import importX from 'eslint-plugin-import-x';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

const apps = readdirSync(new URL('./apps', import.meta.url));

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.cache/', '.tandem/', '**/*.mjs', '**/*.cjs', '**/*.js'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'off', // decorator metadata needs the value import
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off', // structural library types (Nest options, prom-client) trip it
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': [
        'error',
        {
          zones: [
            // An app never imports another app: what two apps must agree on stands in libs/contracts.
            ...apps.map((app) => ({ target: `./apps/${app}`, from: './apps', except: [`./${app}`] })),
            { target: './libs', from: './apps' },
            { target: './libs/contracts', from: './libs', except: ['./contracts'] },
            { target: './libs/common', from: './libs/testing' },
          ],
        },
      ],
      // process.env is read in config.ts and main.ts only.
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Read configuration from the config.ts of the app.' },
      ],
    },
    settings: {
      'import-x/resolver-next': [],
    },
  },
  {
    files: [
      '**/config.ts',
      '**/main.ts',
      '**/vite.config.ts',
      '**/*.spec.ts',
      'test/**',
      'libs/testing/**',
      'tools/**',
      'benchmarks/**',
    ],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['**/*.spec.ts', 'test/**', 'libs/testing/**'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['apps/web/src/**'],
    plugins: { 'react-hooks': reactHooks },
    rules: {
      ...reactHooks.configs.flat.recommended.rules,
      'react-hooks/incompatible-library': 'off', // what React's compiler leaves alone; it is not used
    },
  },
  {
    files: ['apps/web/src/**/*.tsx'],
    plugins: { 'jsx-a11y': jsxA11y },
    rules: {
      ...jsxA11y.flatConfigs.strict.rules,
      // In a dialog that opens: it says where the focus goes.
      'jsx-a11y/no-autofocus': ['error', { ignoreNonDOM: true }],
      // What scrolls must be reachable by keyboard.
      'jsx-a11y/no-noninteractive-tabindex': ['error', { roles: ['region', 'tabpanel'], tags: [] }],
      'jsx-a11y/no-noninteractive-element-to-interactive-role': ['error', { ul: ['listbox'], li: ['option'] }],
    },
  },
  prettier,
);
