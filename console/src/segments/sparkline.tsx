import '@mantine/charts/styles.css';
import { Sparkline as Line } from '@mantine/charts';

/** Sizes as a small line; who does not see it is told by what stands around it. */
export default function Sparkline({ sizes }: { readonly sizes: readonly number[] }) {
  return (
    <Line
      w={110}
      h={24}
      data={[...sizes]}
      color="muster.6"
      curveType="linear"
      fillOpacity={0.2}
      strokeWidth={1.5}
    />
  );
}
