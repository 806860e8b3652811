/**
 * The rows about a million lines alone, without anything to compare with: `node --import tsx
 * bench/import.ts`, after `npm run build`. They are the first of `npm run bench`.
 */
process.argv.push('--only', 'imports');
await import('./main.ts');
