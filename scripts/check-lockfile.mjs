// Checks that the lockfile (package-lock.json, or the one that is named) says of every package what
// bytes it has to be: whatever a registry or a cache gives, npm installs these or nothing. Exits
// with 1 and a line for each package that is not so.
import { readFileSync } from 'node:fs';

const [file = new URL('../package-lock.json', import.meta.url)] = process.argv.slice(2);
const { packages } = JSON.parse(readFileSync(file, 'utf8'));
const SHA512 = /^sha512-[A-Za-z0-9+/]{86}==$/;

const faults = [];
for (const [place, { version, integrity, resolved, link }] of Object.entries(packages)) {
  if (place === '') continue;
  if (link) faults.push(`${place}: expected a package of the registry, got a link`);
  else if (!SHA512.test(integrity ?? ''))
    faults.push(`${place}@${version}: expected integrity by SHA-512, got ${integrity ?? 'none'}`);
  // the registry is whoever installs to choose; .npmrc keeps its address out
  if (resolved !== undefined) faults.push(`${place}: expected no address, got ${resolved}`);
}
const checked = Object.keys(packages).length - 1;
if (checked < 1) faults.push('expected packages, got a lockfile without any');
for (const fault of faults) console.error(fault);
if (faults.length === 0) console.log(`${checked} packages, each with its integrity`);
else process.exitCode = 1;
