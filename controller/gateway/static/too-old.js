// For browsers that know no modules: says so, in words that they can run.

(function () {
  var zh = /^zh/i.test(navigator.language || "");
  document.getElementById("fault-title").textContent = zh ? "浏览器版本太旧" : "This browser is too old";
  document.getElementById("fault-advice").textContent = zh
    ? "请使用新版的 Chrome、Edge、Firefox 或 Safari。"
    : "Use a current version of Chrome, Edge, Firefox or Safari.";
  document.getElementById("fault").removeAttribute("hidden");
  document.getElementById("call").setAttribute("disabled", "");
})();
