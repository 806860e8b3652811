import '@mantine/charts/styles.css';
import { Sparkline as Line } from '@mantine/charts';

/**
 * Sizes as a small line of steps, null where none is known; who does not see it is told by what
 * stands around it.
 */
export default function Sparkline({ sizes }: { readonly sizes: readonly (number | null)[] }) {
  return (
    <Line
      w={110}
      h={24}
      data={[...sizes]}
      color="muster.6"
      curveType="stepAfter"
      fillOpacity={0.2}
      strokeWidth={1.5}
    />
  );
}
