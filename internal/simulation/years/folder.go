package years

import (
	"bytes"
	"context"
	"fmt"

	"github.com/attesta/attesta/internal/operations/folder"
	"github.com/attesta/attesta/internal/operations/folder/kinds"
)

// yearOfFolder is the programme in Git: taken away in autumn, changed by a pull
// request that two people read, and brought back.
func yearOfFolder(o *Stage, c *Calendar) error {
	set := kinds.Set{Scopes: o.Scopes, Questions: o.Questions, Controls: o.Controls, Vendors: o.Vendors}
	service := folder.New(folder.Config{DB: o.DB, Ledger: o.Ledger, Clock: o.Clock, Access: o.Access, Kinds: set.All()})
	c.On(252, "a pull request is brought in", func(ctx context.Context) error {
		x, err := service.Export(ctx, o.Cast["aarav"], false)
		if err != nil {
			return err
		}
		const path = "controls/vendor-reviewed-yearly.yaml"
		edited := bytes.Replace(x.Tree[path], []byte("performer: vendor owner\n"), []byte("performer: procurement lead\n"), 1)
		if bytes.Equal(edited, x.Tree[path]) {
			return fmt.Errorf("%s names another performer", path)
		}
		x.Tree[path] = edited
		x.Tree["vendors/skriptor.yaml"] = []byte("name: Skriptor\nservice: Turns minutes of meetings into text\nmanager: aarav\nwhy: It runs in our own hall, and sends nothing away.\nalternatives: Two that listen in from outside.\ndata: [internal]\nanswers: {}\n")
		got, err := service.Import(ctx, o.Cast["aarav"], folder.Input{Tree: x.Tree, Note: "Pull request 41: procurement reviews vendors, and asks for one more."})
		if err == nil && !got.Applied {
			err = fmt.Errorf("the folder was not brought in: %+v", got.Changes)
		}
		return err
	})
	return nil
}
