// The campaign pages: introduces the parts, the buttons and the forms to each other.

import { watchImport } from "./campaigns-import.js";
import { watchSettings } from "./campaigns-settings.js";
import { keepFresh, refresh, watchButtons } from "./parts.js";

for (const form of document.querySelectorAll("form[data-settings-form]")) watchSettings(form);
for (const form of document.querySelectorAll("form[data-import]")) watchImport(form, refresh);
watchButtons();
keepFresh();
