import { useComputedColorScheme, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';

/** The theme: `chosen` (`auto` follows the system), what it comes to, and how to change it. */
export function useTheme(): {
  readonly chosen: MantineColorScheme;
  readonly dark: boolean;
  readonly choose: (scheme: MantineColorScheme) => void;
  readonly toggle: () => void;
} {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const computed = useComputedColorScheme('dark', { getInitialValueInEffect: false });
  return {
    chosen: colorScheme,
    dark: computed === 'dark',
    choose: setColorScheme,
    toggle: () => setColorScheme(computed === 'dark' ? 'light' : 'dark'),
  };
}
