import { Badge, type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

const teal: MantineColorsTuple = [
  '#effcf9',
  '#d9f5ef',
  '#b0eade',
  '#82dccb',
  '#5acfba',
  '#3fc6ae',
  '#0f9b86',
  '#0b7f6e',
  '#0f766e',
  '#0a5c54',
];

/** Calm and dense: one accent, small type, numbers of equal width. */
export const theme = createTheme({
  primaryColor: 'muster',
  primaryShade: 8,
  colors: { muster: teal },
  autoContrast: true,
  defaultRadius: 'sm',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: { Badge: Badge.extend({ defaultProps: { tt: 'none', radius: 'sm' } }) },
});

/** Colors that texts and badges have. */
const USED = ['gray', 'red', 'orange', 'yellow', 'teal', 'blue', 'grape'];

/**
 * The library sets these for each color scheme: what is set for both at once does not win over
 * that.
 */
const ORANGE = {
  '--mantine-color-orange-filled': '#b5440a',
  '--mantine-color-orange-filled-hover': '#9c3a08',
};

/**
 * The library's dimmed texts, placeholders, badges and orange buttons are below the contrast that
 * WCAG AA asks for.
 */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...ORANGE,
    '--mantine-color-dimmed': 'var(--mantine-color-gray-7)',
    '--mantine-color-placeholder': 'var(--mantine-color-gray-7)',
    ...Object.fromEntries(
      USED.flatMap((color) => {
        const dark = `color-mix(in srgb, var(--mantine-color-${color}-9), black 35%)`;
        return [
          [`--mantine-color-${color}-light-color`, dark],
          [`--mantine-color-${color}-text`, dark],
        ];
      }),
    ),
  },
  dark: {
    ...ORANGE,
    '--mantine-color-dimmed': 'var(--mantine-color-dark-1)',
    '--mantine-color-placeholder': 'var(--mantine-color-dark-1)',
  },
});
