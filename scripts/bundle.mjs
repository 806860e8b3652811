import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

const DIST = path.resolve('dist');
/** Of what is installed all is left where it is but this: nearly four hundred small files, a tenth of what a start takes. */
const TAKEN_IN = 'typebox';

/**
 * Makes a few files of the programs in dist/: finding and reading its modules one by one is a quarter of what a start takes. Files
 * beside a module, such as its SQL, stay there and are found from its place before.
 */
export async function bundle(...programs) {
  await build({
    entryPoints: programs.map((program) => path.join(DIST, program)),
    outbase: DIST,
    outdir: DIST,
    allowOverwrite: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    legalComments: 'inline',
    logLevel: 'warning',
    plugins: [
      {
        name: 'muster',
        setup(bundling) {
          bundling.onResolve({ filter: /^[^./]/ }, ({ path: name }) =>
            name === TAKEN_IN || path.isAbsolute(name) ? undefined : { path: name, external: true },
          );
          bundling.onLoad({ filter: /[\\/]dist[\\/].*\.js$/ }, async ({ path: file }) => ({
            contents: (await readFile(file, 'utf8')).replaceAll('import.meta.url', urlOf(file)),
            loader: 'js',
          }));
        },
      },
    ],
  });
}

/** Where a module was, said from dist/, which is where all of it lies now. */
function urlOf(file) {
  const place = path.relative(DIST, file).split(path.sep).join('/');
  return `new URL(${JSON.stringify(`./${place}`)}, import.meta.url)`;
}
