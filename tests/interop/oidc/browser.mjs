// A person at a real browser, for the suite `oauth`: opens an address in
// Chromium, fills in the form of the sign-in, agrees, and looks at the page
// of the program that the browser is sent back to.
//
//     node browser.mjs CHROMIUM PROFILE LOGFILE URL
//
// PROFILE is a folder that is not there yet.  LOGFILE gets a line of JSON for
// each page, the last one with a picture of it beside it: LOGFILE.png.

import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.env.INTEROP_PACKAGES}/`);
const { default: { chromium } } = await import(pathToFileURL(require.resolve('playwright-core')));

const [executablePath, profile, log, url] = process.argv.slice(2);
const redirect = new URL(url).searchParams.get('redirect_uri');
const note = (line) => appendFileSync(log, `${JSON.stringify(line)}\n`);

const context = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    // Nothing but this machine.
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  ],
  timeout: 30000,
});
try {
  context.setDefaultTimeout(20000);
  const page = context.pages()[0] ?? await context.newPage();
  page.on('console', (message) => note({ console: message.text() }));
  await page.goto(url);
  await page.fill('input[name=login]', 'ann');
  await page.fill('input[name=password]', 'not secret');
  note({ title: await page.title(), text: await page.innerText('body') });
  await page.click('button[type=submit]');
  await page.waitForSelector('input[name=prompt][value=consent]', { state: 'attached' });
  note({ title: await page.title(), text: await page.innerText('body') });
  await page.click('button[type=submit]');
  await page.waitForURL((now) => now.href.startsWith(redirect));
  await page.waitForLoadState();
  await page.screenshot({ path: `${log}.png` });
  note({
    title: await page.title(),
    text: await page.innerText('body'),
    back: true,
  });
} catch (error) {
  note({ error: String(error) });
} finally {
  await context.close();
}
