package hedge

import (
	"context"
	"testing"

	"github.com/hlsship/hlsship/uploader/store"
)

// BenchmarkPut is what hedging costs a PUT that is answered at once.
func BenchmarkPut(b *testing.B) {
	null := putFunc{put: func(context.Context, store.Object) (string, error) { return "etag", nil }}
	for name, s := range map[string]store.Store{"once": null, "hedged": New(Config{}).Hedge(null)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			o := segment("a.ts", "x")
			for b.Loop() {
				if _, err := s.Put(b.Context(), o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
