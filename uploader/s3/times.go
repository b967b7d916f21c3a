package s3

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/hlsship/hlsship/uploader/store"
)

// finishedKey is the name under which an object keeps Object.Finished (S3 "User-defined object metadata"), in the form that
// rclone gave to it: seconds since the Unix epoch, with nine decimals.
const finishedKey = "Mtime"

// finishedText is what an object keeps of when its bytes were finished; "" if that is not known.
func finishedText(o store.Object) string {
	if o.Finished.Unix() <= 0 {
		return ""
	}
	return fmt.Sprintf("%d.%09d", o.Finished.Unix(), o.Finished.Nanosecond())
}

// finished reads what finishedText has written; zero if there is nothing of that form.
func finished(info minio.ObjectInfo) time.Time {
	whole, decimals, _ := strings.Cut(info.UserMetadata[finishedKey], ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || seconds <= 0 || len(decimals) > 9 {
		return time.Time{}
	}
	nanoseconds, err := strconv.ParseUint(decimals+strings.Repeat("0", 9-len(decimals)), 10, 32)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanoseconds))
}

// dated returns Info.Modified of an object of the last good answer. An answer that a cache kept for a while tells nothing,
// since its Date is of the time when it was made (RFC 9111 §5.1); nor does one about an object of the future, since then its
// Date is by another clock, such as that of a proxy.
func (a *attempt) dated(modified time.Time) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	date, err := http.ParseTime(a.header.Get("Date"))
	if err != nil || a.header.Get("Age") != "" || modified.After(date.Add(2*time.Second)) {
		return time.Time{}
	}
	return store.Dated(modified, date, a.asked)
}
