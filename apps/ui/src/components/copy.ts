import { notifications } from '@mantine/notifications';

/** Copies text and says so. Where the browser refuses (no secure context), it says that instead. */
export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notifications.show({ message: `${what} copied`, autoClose: 1500, withCloseButton: false });
  } catch {
    if (copyBySelection(text)) {
      notifications.show({ message: `${what} copied`, autoClose: 1500, withCloseButton: false });
      return;
    }
    notifications.show({ message: `The browser does not let pages copy here. ${what}: ${text}`, autoClose: 15_000 });
  }
}

/** The way that works without a secure context (plain http on a local network). */
function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  return copied;
}
