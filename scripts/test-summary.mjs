// Prints the closing line of CI, "N passed, N failed", from what vitest wrote (`npm test`).
import { existsSync, readFileSync } from 'node:fs';

const file = new URL('../dist/test-results.json', import.meta.url);
if (!existsSync(file)) {
  console.error('test-summary: found no dist/test-results.json, expected `npm test` to have written it');
  process.exit(1);
}
const results = JSON.parse(readFileSync(file, 'utf8'));
const failedFiles = results.testResults.filter(
  (each) => each.status === 'failed' && each.assertionResults.length === 0,
).length;
console.log(`${results.numPassedTests} passed, ${results.numFailedTests + failedFiles} failed`);
