import { useCallback, useState } from 'react';

/**
 * Hands an error that came after an `await` to the error boundary above: React catches what is thrown while it draws, and a
 * function that sets the state runs then.
 */
export function useThrow(): (error: unknown) => void {
  const [, set] = useState(0);
  return useCallback((error: unknown) => {
    set(() => {
      throw error;
    });
  }, []);
}
