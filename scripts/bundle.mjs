import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

const DIST = path.resolve('dist');
/**
 * What is taken in: packages of plain JavaScript that bring many files, or many packages, for what
 * is used of them. The others stay where npm installs them: those with a binary, with files of
 * their own, or that plug into each other.
 */
const TAKEN_IN = [
  '@aws-sdk/client-s3',
  '@aws-sdk/lib-storage',
  'citty',
  'cli-progress',
  'content-disposition',
  'croner',
  'fresh',
  'fzstd',
  'jsonc-parser',
  'openapi-fetch',
  'papaparse',
  'range-parser',
  'ssh2',
  'tar-stream',
  'typebox',
];

/**
 * Makes a few files of the programs in dist/: finding and reading its modules one by one is a
 * quarter of what a start takes. Files beside a module, such as its SQL, stay there and are found
 * from its place before.
 */
export async function bundle(...programs) {
  const { metafile } = await build({
    entryPoints: programs.map((program) => path.join(DIST, program)),
    outbase: DIST,
    outdir: DIST,
    allowOverwrite: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    mainFields: ['module', 'main'],
    platform: 'node',
    target: 'node20',
    legalComments: 'inline',
    logLevel: 'warning',
    metafile: true,
    // packages in CommonJS ask for the modules of Node by the one; ssh2 ends without the other
    banner: {
      js: [
        "import { createRequire as requireFrom } from 'node:module';",
        'const require = requireFrom(import.meta.url);',
        'const __dirname = import.meta.dirname;',
      ].join(' '),
    },
    plugins: [
      {
        name: 'muster',
        setup(bundling) {
          // what ssh2 compiles where it can, and does without where it is not there
          bundling.onResolve({ filter: /^cpu-features$|\.node$/ }, ({ path: name }) => ({
            path: name,
            external: true,
          }));
          bundling.onResolve({ filter: /^[^./]/ }, ({ path: name, importer }) =>
            path.isAbsolute(name) || isTakenIn(name) || isOfPackage(importer)
              ? undefined
              : { path: name, external: true },
          );
          bundling.onLoad({ filter: /[\\/]dist[\\/].*\.js$/ }, async ({ path: file }) =>
            isOfPackage(file)
              ? undefined
              : {
                  contents: (await readFile(file, 'utf8')).replaceAll('import.meta.url', urlOf(file)),
                  loader: 'js',
                },
          );
        },
      },
    ],
  });
  removeTakenIn(new Set(Object.keys(metafile.outputs).map((file) => path.resolve(file))));
  writeFileSync(path.join(DIST, 'THIRD-PARTY.txt'), licencesOf(Object.keys(metafile.inputs)));
}

/**
 * Removes the modules that are in the programs now; the client and the contract of a store, which
 * the package exports, stay.
 */
function removeTakenIn(outputs) {
  const exported = ['client/client.js', 'store/store.js'].map((file) => path.join(DIST, file));
  for (const name of readdirSync(DIST, { recursive: true })) {
    const file = path.join(DIST, name);
    const isTypeOfNone = name.endsWith('.d.ts') && !/^(client|store|model)[\\/]/.test(name);
    const isModule = name.endsWith('.js') && !outputs.has(file) && !exported.includes(file);
    if (isTypeOfNone || isModule) rmSync(file);
  }
}

function isTakenIn(name) {
  return TAKEN_IN.some((taken) => name === taken || name.startsWith(`${taken}/`));
}

function isOfPackage(file) {
  return file.includes(`${path.sep}node_modules${path.sep}`);
}

/** Where a module was, said from dist/, which is where all of it lies now. */
function urlOf(file) {
  const place = path.relative(DIST, file).split(path.sep).join('/');
  return `new URL(${JSON.stringify(`./${place}`)}, import.meta.url)`;
}

/** The licences of the packages that files were taken in of, which ask to go with them. */
function licencesOf(files) {
  const folders = new Set(files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []));
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find((each) => /^(licen[cs]e|copying)/i.test(each));
      const text =
        file !== undefined && existsSync(path.join(folder, file))
          ? readFileSync(path.join(folder, file), 'utf8')
          : '';
      return `${name} ${version} (${license})\n\n${text.trim()}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}
