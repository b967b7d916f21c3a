package hedge

import (
	"crypto/md5" //nolint:gosec // S3 has made of it what an ETag is
	"encoding/hex"
	"io"
	"strings"

	"github.com/hlsship/hlsship/uploader/store"
)

// holdsMD5 reports whether etag, which is an MD5, is that of o's bytes. In doubt they are.
func holdsMD5(o store.Object, etag string) bool {
	sum := md5.New() //nolint:gosec // see the import
	if o.Body != nil {
		if _, err := io.Copy(sum, io.NewSectionReader(o.Body, 0, o.Size)); err != nil {
			return true
		}
	}
	return strings.EqualFold(hex.EncodeToString(sum.Sum(nil)), etag)
}

// shows reports whether the store, as it describes what it holds, surely holds the bytes of o.
func shows(i store.Info, o store.Object) bool {
	return i.Size == o.Size && store.IsMD5(i.ETag) && holdsMD5(o, i.ETag)
}
