# A formula for a tap of your own. `packaging/release.py --url ADDRESS` fills in where the source lies and its checksum,
# and writes the result to dist/. Python's packages come as wheels: lxml and zstandard would take minutes to compile.
class WechatArchive < Formula
  desc "Keeps WeChat Official Account articles: Markdown, SQLite, full-text search"
  url "@URL@"
  sha256 "@SHA256@"
  license "MIT"

  depends_on "python@3.13"

  def install
    system "python3.13", "-m", "venv", libexec
    system libexec/"bin/pip", "install", "--quiet", buildpath.to_s
    bin.install_symlink libexec/"bin/wechat-archive"
  end

  service do
    run [opt_bin/"wechat-archive", "--archive", var/"wechat-archive", "run", "--max-duration", "50m"]
    run_type :interval
    interval 3600
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/wechat-archive --version")
    system bin/"wechat-archive", "--archive", testpath/"archive", "doctor"
  end
end
