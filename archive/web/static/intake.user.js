// ==UserScript==
// @name         wechat-archive
// @name:zh-CN   微信文章存档
// @description  Keeps the article you read in your own archive, as you see it, pictures included.
// @description:zh-CN  把你正在读的文章按你看到的样子存进自己的存档，图片在内。
// @match        https://mp.weixin.qq.com/s*
// @grant        GM_xmlhttpRequest
// @grant        GM_registerMenuCommand
// @connect      @HOST@
// @connect      qpic.cn
// @connect      qlogo.cn
// @version      1
// @run-at       document-idle
// ==/UserScript==
(function () {
  "use strict";
  const base = "@BASE@";
  const key = "@KEY@";
  const chinese = (navigator.language || "").toLowerCase().startsWith("zh");
  const words = chinese
    ? { save: "存档", saving: "正在存…", saved: "已交给存档", failed: "没有存成：" }
    : { save: "Archive", saving: "Saving…", saved: "Handed to the archive", failed: "Not saved: " };

  function request(options) {
    return new Promise((resolve, reject) => {
      GM_xmlhttpRequest({
        ...options,
        timeout: 60000,
        onload: resolve,
        onerror: () => reject(new Error("no answer")),
        ontimeout: () => reject(new Error("no answer in a minute")),
      });
    });
  }

  function base64(buffer) {
    const bytes = new Uint8Array(buffer);
    let text = "";
    for (let at = 0; at < bytes.length; at += 32768) {
      text += String.fromCharCode.apply(null, bytes.subarray(at, at + 32768));
    }
    return btoa(text);
  }

  // Pictures as the browser has loaded them; one that cannot be had is fetched by the archive itself.
  async function pictures() {
    const found = [];
    let left = 24 * 1024 * 1024;
    for (const image of document.querySelectorAll("#js_content img, #img-content img")) {
      const url = image.currentSrc || image.src;
      if (!url.startsWith("https://") || found.length >= 300 || found.some((one) => one.url === url)) continue;
      try {
        const answer = await request({ method: "GET", url, responseType: "arraybuffer" });
        if (answer.status !== 200 || answer.response.byteLength > left) continue;
        left -= answer.response.byteLength;
        found.push({ url, data: base64(answer.response) });
      } catch (error) {
        continue;
      }
    }
    return found;
  }

  async function save(button) {
    button.disabled = true;
    button.textContent = words.saving;
    try {
      const body = {
        url: location.href,
        html: document.documentElement.outerHTML,
        pictures: await pictures(),
      };
      const answer = await request({
        method: "POST",
        url: base + "/api/pages",
        headers: { "Content-Type": "application/json", Authorization: "Bearer " + key },
        data: JSON.stringify(body),
      });
      if (answer.status !== 202) {
        let message = String(answer.status);
        try {
          message = JSON.parse(answer.responseText).error.message || message;
        } catch (error) {
          // not ours: the number says enough
        }
        throw new Error(message);
      }
      button.textContent = words.saved;
    } catch (error) {
      button.textContent = words.failed + error.message;
      button.disabled = false;
    }
  }

  const button = document.createElement("button");
  button.textContent = words.save;
  button.style.cssText =
    "position:fixed;right:16px;bottom:16px;z-index:2147483647;padding:8px 14px;border:0;border-radius:8px;" +
    "background:#1f6f54;color:#fff;font:14px/1.4 system-ui,sans-serif;cursor:pointer;opacity:.9";
  button.addEventListener("click", () => save(button));
  document.body.appendChild(button);
  GM_registerMenuCommand(words.save, () => save(button));
})();
