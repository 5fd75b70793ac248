import { createTheme, type MantineColorsTuple } from '@mantine/core';

/** Blue-violet, the one accent: what can be pressed. */
const accent: MantineColorsTuple = [
  '#f1f0fe',
  '#e0defc',
  '#c4bffa',
  '#a79dff',
  '#8a7ef2',
  '#6f63e8',
  '#5f52e0',
  '#5246d6',
  '#4539b8',
  '#352c91',
];

/** Where the chosen theme is kept in this browser; `public/first-paint.js` reads the same key. */
export const themeKey = 'sightline-theme';

/** Mantine's settings. Colours come from `styles/tokens.css`. */
export const theme = createTheme({
  colors: { accent },
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 6 },
  fontFamily: 'var(--font-text)',
  fontFamilyMonospace: 'var(--font-code)',
  fontSizes: { xs: '12px', sm: '13px', md: '13px', lg: '15px', xl: '20px' },
  lineHeights: { xs: '16px', sm: '20px', md: '20px', lg: '24px', xl: '28px' },
  spacing: { xs: '4px', sm: '8px', md: '12px', lg: '16px', xl: '24px' },
  defaultRadius: 4,
  respectReducedMotion: true,
  cursorType: 'pointer',
  components: {
    Tooltip: { defaultProps: { openDelay: 350, withArrow: false, position: 'bottom' } },
    Button: { defaultProps: { size: 'xs' } },
    TextInput: { defaultProps: { size: 'xs' } },
    PasswordInput: { defaultProps: { size: 'xs' } },
    Select: { defaultProps: { size: 'xs' } },
    Autocomplete: { defaultProps: { size: 'xs' } },
    // Its placeholder for the first focus is no menu item: a menu may hold items alone (WAI-ARIA 1.2, menu).
    Menu: { defaultProps: { shadow: 'none', withinPortal: true, withInitialFocusPlaceholder: false } },
    Popover: { defaultProps: { shadow: 'none' } },
  },
});
