import { Component, type ReactNode } from 'react';
import { Problem } from '../parts/problem.tsx';

/**
 * Shows a fault of a page in its place, and leaves the rest of the console as it is. React knows no
 * other way than a class.
 */
export class Catch extends Component<{ readonly children: ReactNode }, { readonly error: unknown }> {
  override state: { readonly error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return <Problem error={error} onRetry={() => location.reload()} />;
  }
}
